//! The configuration file: profiles, without secrets.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::failure::Failure;

/// Names of settings that would be secrets, without `-` and `_`.
const SECRETS: [&str; 8] = [
    "key",
    "accountkey",
    "primarykey",
    "masterkey",
    "secret",
    "token",
    "password",
    "connectionstring",
];

/// What a profile may say. All of it may be absent.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) endpoint: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) container: Option<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) allow: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    default: Option<String>,
    profile: HashMap<String, Profile>,
}

/// Reads a profile: the one of this name, else the file's default, if there is a file. Errors: what was asked for by
/// name is not there, the file is malformed, or it holds a secret.
pub(crate) fn load(file: Option<&Path>, name: Option<&str>) -> Result<Option<Profile>, Failure> {
    let wanted = file.is_some() || name.is_some();
    let Some(path) = file.map(Path::to_owned).or_else(usual) else {
        return missing(wanted, "there is no home directory to look for profiles in");
    };
    let shown = path.display();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return missing(wanted, &format!("there is no configuration file {shown}"));
        }
        Err(error) => return missing(true, &format!("{shown}: {error}")),
    };
    let found = parse(&text, name).map_err(|what| Failure::Usage(format!("{shown}: {what}")))?;
    Ok(found)
}

fn missing(wanted: bool, what: &str) -> Result<Option<Profile>, Failure> {
    if wanted {
        return Err(Failure::Usage(what.to_owned()));
    }
    Ok(None)
}

/// Where the file is if nobody says otherwise.
fn usual() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let base = set("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(set("HOME")?).join(".config")))?;
    Some(base.join("cosmos").join("config.toml"))
}

fn parse(text: &str, name: Option<&str>) -> Result<Option<Profile>, String> {
    // Of the parser's errors only the message: their long form quotes the file.
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let lines = error.span().and_then(|span| text.get(..span.start));
        let line = lines
            .map_or(0, |before| before.matches('\n').count())
            .saturating_add(1);
        format!("line {line} is no TOML: {}", error.message())
    })?;
    refuse_secrets(&table)?;
    let file: File = table
        .try_into()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    let Some(name) = name.or(file.default.as_deref()) else {
        return Ok(None);
    };
    let found = file.profile.get(name).cloned();
    let found = found.ok_or_else(|| {
        let mut names: Vec<&str> = file.profile.keys().map(String::as_str).collect();
        names.sort_unstable();
        format!(
            "there is no profile `{name}`; there are: {}",
            names.join(", ")
        )
    })?;
    Ok(Some(found))
}

/// Looks at names and values, at any depth. The message never has the value.
fn refuse_secrets(table: &Table) -> Result<(), String> {
    for (name, value) in table {
        let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_')).collect();
        let by_name = SECRETS.contains(&plain.to_lowercase().as_str()) && !value.is_table();
        let by_value = value.as_str().is_some_and(is_secret);
        if by_name || by_value {
            return Err(format!(
                "`{name}` holds a secret, and secrets do not belong into a file: remove it, change it in the portal if \
                 others can read the file, and use COSMOS_KEY, COSMOS_TOKEN or --key-stdin"
            ));
        }
        if let Value::Table(inner) = value {
            refuse_secrets(inner)?;
        }
    }
    Ok(())
}

fn is_secret(value: &str) -> bool {
    let value = value.to_lowercase();
    ["accountkey=", "type=resource", "sig=", "eyj"]
        .iter()
        .any(|part| value.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        default = "dev"
        [profile.dev]
        endpoint = "http://127.0.0.1:8081/"
        database = "shop"
        [profile.prod]
        endpoint = "https://shop.documents.azure.com/"
        regions = ["West Europe"]
    "#;

    #[test]
    fn a_profile_is_found_by_name_or_by_default() {
        let dev = parse(FILE, None).unwrap().unwrap();
        assert_eq!(dev.database.as_deref(), Some("shop"));
        let prod = parse(FILE, Some("prod")).unwrap().unwrap();
        assert_eq!(prod.regions, ["West Europe"]);
        assert_eq!(parse("[profile.a]", None).unwrap(), None);
        let error = parse(FILE, Some("test")).unwrap_err();
        assert_eq!(error, "there is no profile `test`; there are: dev, prod");
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for text in [
            "[profile.a]\nkey = \"hush\"",
            "[profile.a]\naccount-key = \"hush\"",
            "account_key = \"hush\"",
            "[profile.a]\nendpoint = \"AccountEndpoint=https://a/;AccountKey=hush;\"",
            "[profile.a]\nConnectionString = \"hush\"",
            "[profile.a]\nnote = \"type=resource&ver=1&sig=hush\"",
        ] {
            let error = parse(text, Some("a")).unwrap_err();
            assert!(error.contains("COSMOS_KEY"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn what_is_malformed_is_named_without_the_text_of_the_file() {
        let broken = "[profile.a]\nendpoint = hush";
        let error = parse(broken, None).unwrap_err();
        assert!(error.starts_with("line 2 is no TOML"), "{error}");
        assert!(!error.contains("hush"), "{error}");
        let unknown = parse("[profile.a]\nregion = \"x\"", Some("a")).unwrap_err();
        assert!(unknown.contains("unknown field `region`"), "{unknown}");
    }
}
