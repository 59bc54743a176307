//! The options that all commands have, and where their values come from.

use std::env;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::profile::{self, Profile};

/// Options of all commands.
#[derive(Args, Default)]
pub(crate) struct Settings {
    /// The account's endpoint, like `https://my-account.documents.azure.com/`.
    #[arg(long, global = true, value_name = "URL", help_heading = "Account")]
    endpoint: Option<String>,
    /// The id of the database.
    #[arg(
        long,
        short = 'd',
        global = true,
        value_name = "ID",
        help_heading = "Account"
    )]
    pub(crate) database: Option<String>,
    /// The id of the container.
    #[arg(
        long,
        short = 'c',
        global = true,
        value_name = "ID",
        help_heading = "Account"
    )]
    pub(crate) container: Option<String>,
    /// Use this region first, as the portal names it. Several: in this order.
    #[arg(
        long = "region",
        global = true,
        value_name = "NAME",
        help_heading = "Account"
    )]
    pub(crate) regions: Vec<String>,
    /// Allow requests to this origin besides the account's, like `http://127.0.0.1:8082`.
    #[arg(long, global = true, value_name = "ORIGIN", help_heading = "Account")]
    allow: Vec<String>,
    /// Take what is not said otherwise from this profile of the configuration file.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Account")]
    profile: Option<String>,
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Account")]
    config: Option<PathBuf>,
    /// Read the account's key from the first line of standard input.
    #[arg(long, global = true, help_heading = "Account")]
    pub(crate) key_stdin: bool,
    /// The driver's component. Default: where the build puts it, beside this program.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "COSMOS_COMPONENT",
        help_heading = "Account"
    )]
    component: Option<PathBuf>,
    /// Print a waterfall of each operation's requests.
    #[arg(long, global = true)]
    pub(crate) trace: bool,
}

/// What the settings come to.
pub(crate) struct Resolved {
    pub(crate) endpoint: String,
    pub(crate) database: Option<String>,
    pub(crate) container: Option<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) allow: Vec<String>,
    pub(crate) secret: Secret,
}

/// Never printed.
pub(crate) enum Secret {
    Key(String),
    Resource(String),
    Bearer(String),
}

impl Settings {
    /// Puts the layers together. Reads the configuration file, and the key from standard input if that was asked for.
    pub(crate) fn resolve(&self) -> Result<Resolved, Failure> {
        let (named, fallback) = self.profiles()?;
        let one = |flag: &Option<String>, name: &str, of: fn(&Profile) -> Option<String>| {
            let profile = || named.as_ref().and_then(of);
            let environment = || environment(name);
            let last = || fallback.as_ref().and_then(of);
            flag.clone()
                .or_else(profile)
                .or_else(environment)
                .or_else(last)
        };
        let many = |flag: &[String], name: &str, of: fn(&Profile) -> Vec<String>| {
            let profile = || named.as_ref().map(of);
            let environment = || environment(name).map(|text| list(&text));
            let last = || fallback.as_ref().map(of).unwrap_or_default();
            let flag = Some(flag.to_vec()).filter(|flag| !flag.is_empty());
            flag.or_else(|| profile().filter(|list| !list.is_empty()))
                .or_else(environment)
                .unwrap_or_else(last)
        };
        let endpoint = one(&self.endpoint, "COSMOS_ENDPOINT", |p| p.endpoint.clone());
        let endpoint = endpoint.ok_or_else(|| {
            Failure::Usage(
                "no account: name its endpoint with --endpoint, COSMOS_ENDPOINT or a profile. `cosmos emulator` runs one \
                 on this machine"
                    .to_owned(),
            )
        })?;
        Ok(Resolved {
            endpoint,
            database: one(&self.database, "COSMOS_DATABASE", |p| p.database.clone()),
            container: one(&self.container, "COSMOS_CONTAINER", |p| p.container.clone()),
            regions: many(&self.regions, "COSMOS_REGIONS", |p| p.regions.clone()),
            allow: many(&self.allow, "COSMOS_ALLOW", |p| p.allow.clone()),
            secret: self.secret()?,
        })
    }

    /// The profile that was asked for, or the one that the file calls its default.
    fn profiles(&self) -> Result<(Option<Profile>, Option<Profile>), Failure> {
        let name = self.profile.clone();
        let by_environment = environment("COSMOS_PROFILE");
        let wanted = name.as_ref().or(by_environment.as_ref());
        let profile = profile::load(self.config.as_deref(), wanted.map(String::as_str))?;
        Ok(if wanted.is_some() {
            (profile, None)
        } else {
            (None, profile)
        })
    }

    fn secret(&self) -> Result<Secret, Failure> {
        if self.key_stdin {
            return Ok(Secret::of(from_stdin()?));
        }
        if let Some(key) = environment("COSMOS_KEY") {
            return Ok(Secret::of(key));
        }
        let token = environment("COSMOS_TOKEN").map(Secret::Bearer);
        token.ok_or_else(|| {
            Failure::Usage(
                "no key: put the account's key into the environment variable COSMOS_KEY (or an access token into \
                 COSMOS_TOKEN), or pipe it in with --key-stdin"
                    .to_owned(),
            )
        })
    }

    /// Where the component is. Errors: nowhere.
    pub(crate) fn component(&self) -> Result<PathBuf, Failure> {
        const FILE: &str = "cosmosdb-driver-async.wasm";
        if let Some(path) = &self.component {
            return Ok(path.clone());
        }
        let program = env::current_exe().map_err(Failure::io("this program's own path"))?;
        // Beside the program, and where `cargo xtask build` puts it: target/components, the program in target/debug.
        let beside = program.with_file_name(FILE);
        let folders = program.ancestors().skip(1).take(3);
        let mut built = folders.map(|folder| folder.join("components").join(FILE));
        std::iter::once(beside)
            .chain(&mut built)
            .find(|path| path.is_file())
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "the driver's component {FILE} is not here: run `cargo xtask build`, or say where it is with \
                     --component or COSMOS_COMPONENT"
                ))
            })
    }
}

impl Secret {
    fn of(text: String) -> Self {
        if text.starts_with("type=resource") {
            return Self::Resource(text);
        }
        Self::Key(text)
    }
}

/// A variable that is set to something.
fn environment(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn list(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn from_stdin() -> Result<String, Failure> {
    let input = io::stdin();
    if input.is_terminal() {
        eprintln!("the key, and Enter (it will be seen):");
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    // Not the error's own words: they may quote what was read.
    read.map_err(|_| Failure::Usage("the key on standard input is no text".to_owned()))?;
    let key = line.trim();
    if key.is_empty() {
        return Err(Failure::Usage(
            "there is no key on standard input: pipe it in, followed by a line break".to_owned(),
        ));
    }
    Ok(key.to_owned())
}
