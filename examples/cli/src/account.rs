//! The account that a command works on.

use std::env;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use cosmosdb_driver_host::types::Diagnostics;
use cosmosdb_driver_host::{
    Client, Config, Container, Credential, Error, Host, MasterKeySigner, Options, Page, Response,
};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::settings::{Resolved, Secret, Settings};
use crate::trace;

/// An open client, and what its command may print.
pub(crate) struct Account {
    pub(crate) client: Client,
    pub(crate) endpoint: String,
    pub(crate) database: Option<String>,
    pub(crate) container: Option<String>,
    trace: bool,
}

/// Names a container of an account, for what is kept between two runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Target {
    endpoint: String,
    database: String,
    container: String,
}

impl Account {
    /// Reads settings and the component, and opens a client. Sends nothing.
    ///
    /// The key stays with this program, which signs: it does not enter the component.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let component = settings.component()?;
        let resolved = settings.resolve()?;
        let (credential, signer) = sign(&resolved)?;
        let options = Options {
            allow: resolved.allow,
            signer,
            ..Options::default()
        };
        let host = Host::from_file(component, options)?;
        let config = Config::new(&resolved.endpoint, credential)
            .preferred_regions(resolved.regions)
            .user_agent_suffix("cosmos-cli");
        Ok(Self {
            client: Client::open(&host, config).await?,
            endpoint: resolved.endpoint,
            database: resolved.database,
            container: resolved.container,
            trace: settings.trace,
        })
    }

    /// The container of the command. Errors: nobody said which.
    pub(crate) fn container(&self) -> Result<Container, Failure> {
        let target = self.target()?;
        Ok(self.client.container(target.database, target.container))
    }

    /// Its full name.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        let named = |value: &Option<String>, what: &str| {
            value.clone().ok_or_else(|| {
                Failure::Usage(format!(
                    "no {what}: name it with --{what}, COSMOS_{} or a profile",
                    what.to_uppercase()
                ))
            })
        };
        Ok(Target {
            endpoint: self.endpoint.trim_end_matches('/').to_owned(),
            database: named(&self.database, "database")?,
            container: named(&self.container, "container")?,
        })
    }

    /// Prints the waterfall of an answer or of an error, if that was asked for.
    pub(crate) fn traced(&self, answer: Result<Response, Error>) -> Result<Response, Failure> {
        self.trace(match &answer {
            Ok(response) => Some(&response.diagnostics),
            Err(error) => of(error),
        });
        Ok(answer?)
    }

    /// The same for a page.
    pub(crate) fn traced_page(
        &self,
        answer: Result<Option<Page>, Error>,
    ) -> Result<Option<Page>, Failure> {
        self.trace(match &answer {
            Ok(page) => page.as_ref().map(|page| &page.diagnostics),
            Err(error) => of(error),
        });
        Ok(answer?)
    }

    fn trace(&self, diagnostics: Option<&Diagnostics>) {
        if let Some(diagnostics) = diagnostics.filter(|_| self.trace) {
            eprint!("{}", trace::waterfall(diagnostics, has_colours()));
        }
    }
}

fn of(error: &Error) -> Option<&Diagnostics> {
    error.driver()?.diagnostics.as_ref()
}

/// Whether standard error takes colours.
fn has_colours() -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

type Signing = (Credential, Option<Arc<dyn cosmosdb_driver_host::Signer>>);

fn sign(resolved: &Resolved) -> Result<Signing, Failure> {
    Ok(match &resolved.secret {
        Secret::Key(key) => {
            let signer = MasterKeySigner::new(key)?;
            (Credential::host(), Some(Arc::new(signer)))
        }
        Secret::Resource(token) => (Credential::resource_token(token), None),
        Secret::Bearer(token) => (Credential::bearer_token(token), None),
    })
}
