//! Cases: read from data, and run.

use serde_json::{Map, Value};

use crate::agent::Agent;
use crate::expect::difference;
use crate::servers::Servers;

/// What has to hold in every host.
#[derive(Debug)]
pub(crate) struct Case {
    /// What holds.
    pub(crate) name: String,
    /// Whether it is about what one client keeps from step to step.
    pub(crate) about_client: bool,
    server: String,
    steps: Vec<Value>,
}

/// All cases, in the order of their files.
pub(crate) fn cases() -> Vec<Case> {
    [
        include_str!("../cases/items.json"),
        include_str!("../cases/feeds.json"),
        include_str!("../cases/failures.json"),
    ]
    .iter()
    .flat_map(|file| {
        let cases: Vec<Value> = serde_json::from_str(file).expect("the cases are JSON");
        cases.iter().map(Case::of).collect::<Vec<_>>()
    })
    .collect()
}

impl Case {
    fn of(case: &Value) -> Self {
        let text = |name: &str| case[name].as_str().map(str::to_owned);
        let mut steps = Vec::new();
        if case["container"].is_array() {
            steps.push(serde_json::json!({ "do": "create-database" }));
            steps.push(serde_json::json!({ "do": "create-container", "paths": case["container"] }));
        }
        steps.extend(case["steps"].as_array().cloned().unwrap_or_default());
        Self {
            name: text("case").expect("a case has a name"),
            about_client: case["needs"] == "client",
            server: text("server").unwrap_or_else(|| "gateway".to_owned()),
            steps,
        }
    }

    /// Runs the case in a database called `database`, which no other one uses. Says what did not hold.
    ///
    /// # Errors
    /// A step was answered otherwise than expected, or the server saw other requests, or the agent broke.
    pub(crate) fn run(
        &self,
        agent: &mut dyn Agent,
        servers: &Servers,
        database: &str,
    ) -> Result<(), String> {
        let mut known = Map::new();
        known.insert("db".to_owned(), database.into());
        let open = servers
            .open(&self.server)
            .ok_or("there is no such server")?;
        said(agent, &open)?;
        for (number, step) in self.steps.iter().enumerate() {
            let place = format!("step {number} ({})", step["do"].as_str().unwrap_or("?"));
            self.step(agent, servers, step, &mut known)
                .map_err(|what| format!("{place}: {what}"))?;
        }
        said(agent, &serde_json::json!({ "do": "close" })).map(drop)
    }

    fn step(
        &self,
        agent: &mut dyn Agent,
        servers: &Servers,
        step: &Value,
        known: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let mut step = filled(step, known);
        let asked = step["do"].as_str().unwrap_or_default().to_owned();
        if asked == "open" {
            step = servers
                .open(&self.server)
                .ok_or("there is no such server")?;
        }
        if asked == "refuse" {
            let number = |name: &str| step[name].as_u64().unwrap_or_default();
            let status = u16::try_from(number("status")).map_err(|error| error.to_string())?;
            let sub_status =
                u32::try_from(number("subStatus")).map_err(|error| error.to_string())?;
            let path = step["path"].as_str().unwrap_or_default();
            servers.refuse(path, status, sub_status, number("times"));
            return Ok(());
        }
        servers.take_lines(&self.server);
        let answer = said(agent, &step)?;
        let seen = servers.take_lines(&self.server);
        self.judge(&step, &answer, &seen)?;
        for (name, place) in step["save"].as_object().into_iter().flatten() {
            let value = &answer["ok"][place.as_str().unwrap_or_default()];
            known.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    fn judge(&self, step: &Value, answer: &Value, seen: &[String]) -> Result<(), String> {
        let wrong = match (&step["ok"], &step["error"]) {
            (Value::Null, Value::Null) if answer["ok"].is_null() => {
                Some(format!("it failed: {answer}"))
            }
            (Value::Null, Value::Null) => None,
            (Value::Null, error) => difference(error, &answer["error"], "the error"),
            (ok, _) => difference(ok, &answer["ok"], "the answer"),
        };
        let wrong = wrong.map(|what| format!("{what} (all of it: {answer})"));
        let requests = &step["requests"];
        let wrong = wrong.or_else(|| {
            let seen = Value::from(seen);
            match requests {
                Value::Null => None,
                Value::Number(_) => {
                    let count = seen.as_array().map_or(0, Vec::len);
                    difference(requests, &count.into(), "the number of requests")
                        .map(|what| format!("{what}: {seen}"))
                }
                lines => difference(lines, &seen, "what the server saw"),
            }
        });
        wrong.map_or(Ok(()), Err)
    }
}

fn said(agent: &mut dyn Agent, step: &Value) -> Result<Value, String> {
    agent.step(step).map_err(|error| error.to_string())
}

/// A step whose texts `$name` are replaced by what is known under that name, and which names its database and container.
fn filled(step: &Value, known: &Map<String, Value>) -> Value {
    let mut step = replaced(step, known);
    if let Value::Object(step) = &mut step {
        for (name, value) in [("database", known["db"].clone()), ("container", "c".into())] {
            step.entry(name).or_insert(value);
        }
    }
    step
}

fn replaced(value: &Value, known: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('$').and_then(|name| known.get(name)) {
            Some(value) => value.clone(),
            None => text
                .replace("{db}", known["db"].as_str().unwrap_or_default())
                .into(),
        },
        Value::Array(values) => values.iter().map(|value| replaced(value, known)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (name.clone(), replaced(value, known)));
            members.collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}
