//! Keys and tokens occur nowhere in what is printed: not in answers, errors and diagnostics, not in the values that
//! hold them, and not when a server sends them back.
//!
//! With [`Credential::host`] the key never enters the component: the configuration that goes in has no place for it,
//! and the signer runs outside, after the request has left the instance.

use std::fmt::Debug;
use std::sync::Arc;

use cosmosdb_driver_host::{Client, Config, Credential, Error, MasterKeySigner, Options, blocking};
use host_tests::refused;
use host_tests::scripted::{ScriptedServer, Step};

use crate::account::lean;
use crate::build::{at, text};
use crate::echo::{self, Echo};
use crate::face::{Driver, Face};
use crate::scene::{execute, good, one_attempt, read, write};

on_every_face!(
    nothing_is_printed_of_a_success_or_an_error,
    nothing_is_printed_of_what_cannot_be_opened,
    an_echo_in_the_envelope_is_hidden,
    an_echo_in_a_text_is_hidden,
    a_decoded_echo_is_hidden,
    an_echo_in_headers_is_hidden,
    an_echo_that_is_cut_is_hidden,
);

/// In base64: `the decoded secret`.
const SECRET: &str = "dGhlIGRlY29kZWQgc2VjcmV0";
const DECODED: &str = "the decoded secret";

/// A way to hold the secret.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    AccountKey,
    ConnectionString,
    ResourceToken,
    BearerToken,
    Host,
}

const KINDS: [Kind; 5] = [
    Kind::AccountKey,
    Kind::ConnectionString,
    Kind::ResourceToken,
    Kind::BearerToken,
    Kind::Host,
];

/// Those that travel with every request.
const TOKENS: [Kind; 2] = [Kind::ResourceToken, Kind::BearerToken];

impl Kind {
    fn config(self, endpoint: &str, secret: &str) -> Config {
        let credential = match self {
            Self::ConnectionString => {
                let text = format!("AccountEndpoint={endpoint};AccountKey={secret};");
                return lean(Config::from_connection_string(text));
            }
            Self::AccountKey => Credential::account_key(secret),
            Self::ResourceToken => {
                Credential::resource_token(format!("type=resource&ver=1&sig=ab==;{secret};"))
            }
            Self::BearerToken => Credential::bearer_token(format!("eyJ.{secret}.c2ln")),
            Self::Host => Credential::host(),
        };
        lean(Config::new(endpoint, credential))
    }

    fn options(self) -> Options {
        let signer = (self == Self::Host).then(|| MasterKeySigner::new(SECRET).unwrap());
        Options {
            signer: signer.map(|signer| Arc::new(signer) as Arc<_>),
            ..Options::default()
        }
    }
}

/// Everything that was printed.
#[derive(Default)]
struct Printed(String);

impl Printed {
    fn debug(&mut self, value: &impl Debug) {
        self.0.push_str(&format!("{value:?}\n{value:#?}\n"));
    }

    fn driver(&mut self, driver: &Driver) {
        match driver {
            Driver::Blocking(instance) | Driver::Tasks(instance) => self.debug(instance),
            Driver::Concurrent(instance) => self.debug(instance),
        }
    }

    fn result(&mut self, result: &Result<impl Debug, Error>) {
        self.debug(result);
        if let Err(error) = result {
            self.0.push_str(&error.to_string());
        }
    }

    fn assert_secret(&self) {
        let bytes = |text: &str| {
            let list = format!("{:?}", text.as_bytes());
            list.trim_matches(['[', ']']).to_owned()
        };
        let escaped = DECODED.replace(' ', "%20");
        let forms = [SECRET, DECODED, &escaped, &bytes(SECRET), &bytes(DECODED)];
        for form in forms {
            assert!(!self.0.contains(form), "{form} in {}", self.0);
        }
    }
}

async fn nothing_is_printed_of_a_success_or_an_error(face: Face) {
    let json = r#"{"code":"Unauthorized","message":"The input authorization token is wrong."}"#;
    let script = || {
        [
            good(),
            Step::respond(401, &[("www-authenticate", "Bearer")], json),
            Step::respond(404, &[], ""),
            Step::respond(500, &[], "<html>"),
            Step::truncated(200, 100, "{"),
            Step::reset(),
        ]
    };
    for kind in KINDS {
        let server = ScriptedServer::start(script()).unwrap();
        let mut printed = Printed::default();
        for endpoint in [server.endpoint(), refused()] {
            let config = one_attempt(kind.config(&endpoint, SECRET));
            let mut driver = face.open(kind.options(), &config).await.unwrap();
            let wrong = at(text("a")).read("a/b");
            let operations = [read(), read(), write(), write(), read(), write(), wrong];
            for operation in operations {
                printed.result(&execute(&mut driver, operation).await);
            }
            printed.result(&driver.set_bearer_token(&format!("{SECRET} {SECRET}")).await);
            printed.driver(&driver);
            driver.close().await.unwrap();
            printed.result(&execute(&mut driver, read()).await);
            printed.driver(&driver);
            printed.debug(&config);
        }
        printed.debug(&kind.options());
        printed.debug(&face.host(kind.options()));
        printed.assert_secret();
        assert_eq!(server.requests().len(), 6);
        let authorization = server.requests()[0]
            .header("authorization")
            .map(str::to_owned);
        let authorization = authorization.expect("a signed request");
        assert_eq!(authorization.contains(SECRET), TOKENS.contains(&kind));
    }
}

async fn nothing_is_printed_of_what_cannot_be_opened(face: Face) {
    for kind in KINDS {
        for (endpoint, secret) in [
            ("ftp://127.0.0.1/", SECRET.to_owned()),
            ("http://127.0.0.1/", format!("{SECRET} \r\n!")),
        ] {
            let config = kind.config(endpoint, &secret);
            let mut printed = Printed::default();
            printed.debug(&config);
            match face.open(kind.options(), &config).await {
                Err(error) => printed.result(&Err::<(), _>(error)),
                Ok(_) => assert_eq!(kind, Kind::Host, "{secret:?} was accepted"),
            }
            printed.assert_secret();
        }
    }
}

/// A server that sends the header back is answered with an error that says so little.
async fn is_hidden(face: Face, answer: fn(&str) -> String, kinds: &[Kind]) {
    let echo = Echo::start(answer).await;
    for kind in kinds {
        let config = kind.config(&echo.endpoint(), SECRET);
        let mut driver = face.open(kind.options(), &config).await.unwrap();
        let result = execute(&mut driver, read()).await;
        assert_eq!(result.as_ref().unwrap_err().status(), Some(401));
        let mut printed = Printed::default();
        printed.result(&result);
        printed.assert_secret();
    }
}

async fn an_echo_in_the_envelope_is_hidden(face: Face) {
    is_hidden(face, echo::in_the_envelope, &KINDS).await;
}

async fn an_echo_in_a_text_is_hidden(face: Face) {
    is_hidden(face, echo::in_the_text, &KINDS).await;
}

async fn a_decoded_echo_is_hidden(face: Face) {
    is_hidden(face, echo::decoded, &KINDS).await;
}

async fn an_echo_in_headers_is_hidden(face: Face) {
    is_hidden(face, echo::in_headers, &KINDS).await;
}

/// Tokens of Microsoft Entra are longer than what is shown of a message.
async fn an_echo_that_is_cut_is_hidden(face: Face) {
    let echo = Echo::start(echo::in_the_envelope).await;
    for kind in TOKENS {
        let config = kind.config(&echo.endpoint(), &SECRET.repeat(80));
        let mut driver = face.open(kind.options(), &config).await.unwrap();
        let mut printed = Printed::default();
        printed.result(&execute(&mut driver, read()).await);
        printed.assert_secret();
    }
}

#[tokio::test]
async fn nothing_is_printed_of_a_client() {
    let host = Face::Concurrent.host(Options::default());
    for kind in KINDS {
        let client = Client::open(&host, kind.config(&refused(), SECRET)).await;
        let mut printed = Printed::default();
        printed.debug(client.as_ref().unwrap());
        printed.debug(&client.unwrap().container("d", "c"));
        printed.assert_secret();
    }
}

#[test]
fn nothing_is_printed_of_a_blocking_client() {
    let host = Face::Blocking.host(Options::default());
    for kind in KINDS {
        let client = blocking::Client::open(&host, kind.config(&refused(), SECRET)).unwrap();
        let mut printed = Printed::default();
        printed.debug(&client);
        printed.debug(&client.container("d", "c"));
        printed.debug(&client.tasks().unwrap());
        printed.assert_secret();
    }
}
