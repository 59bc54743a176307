//! Scripts, conflicts, users and permissions: documents below a container, a database or a user.

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::answer::{Answer, bad, missing, unknown};
use super::call::Call;
use super::world::list;

/// All of them, in the order of their creation.
#[derive(Debug, Default)]
pub(super) struct Resources(Vec<Resource>);

#[derive(Debug)]
struct Resource {
    /// The path of its collection, without a slash at the beginning.
    feed: String,
    id: String,
    definition: Value,
    version: u64,
}

/// The name of a collection's array in pages; none if there is no such collection.
fn array(segment: &str) -> Option<&'static str> {
    Some(match segment {
        "sprocs" => "StoredProcedures",
        "triggers" => "Triggers",
        "udfs" => "UserDefinedFunctions",
        "conflicts" => "Conflicts",
        "users" => "Users",
        "permissions" => "Permissions",
        _ => return None,
    })
}

impl Resources {
    /// Adds what no request creates.
    pub(super) fn add(&mut self, feed: &str, definition: Value) {
        self.0.push(Resource {
            feed: feed.to_owned(),
            id: definition["id"].as_str().unwrap_or_default().to_owned(),
            definition,
            version: 1,
        });
    }

    /// Forgets what is below a path.
    pub(super) fn forget(&mut self, path: &str) {
        let below = format!("{path}/");
        self.0.retain(|one| !one.feed.starts_with(&below));
    }

    /// Answers a request for a collection below a path, or for what is in it.
    pub(super) fn answer(
        &mut self,
        call: &Call<'_>,
        parent: &str,
        path: &[&str],
    ) -> Result<Answer, Answer> {
        let (segment, id) = match path {
            [segment] => (segment, None),
            [segment, id] => (segment, Some(*id)),
            ["users", user, rest @ ..] => {
                let users = format!("{parent}/users");
                self.place(&users, user)?;
                return self.answer(call, &format!("{users}/{user}"), rest);
            }
            _ => return Err(unknown()),
        };
        let array = array(segment).ok_or_else(unknown)?;
        let feed = format!("{parent}/{segment}");
        let needs_key = *segment == "conflicts" && id.is_some();
        if needs_key && call.header("x-ms-documentdb-partitionkey").is_none() {
            return Err(bad("A conflict belongs to a partition key."));
        }
        match id {
            None => self.feed(call, &feed, array),
            Some(id) if *segment == "sprocs" && call.method() == Method::POST => {
                let place = self.place(&feed, id)?;
                self.0[place].run(call)
            }
            Some(id) => self.point(call, &feed, id),
        }
    }

    fn feed(&mut self, call: &Call<'_>, feed: &str, array: &str) -> Result<Answer, Answer> {
        if call.method() == Method::GET || call.is_query() {
            let all = self.0.iter().filter(|one| one.feed == feed);
            return list(call, "", array, all.map(Resource::document).collect());
        }
        if call.method() != Method::POST || array == "Conflicts" {
            return Err(unknown());
        }
        let definition = call.json()?;
        let id = definition["id"]
            .as_str()
            .ok_or_else(|| bad("There is no id."))?;
        if self.place(feed, id).is_ok() {
            return Err(Answer::refusal(409, 0, "There is one of this id."));
        }
        self.add(feed, definition);
        let made = self.0.last().map(|made| made.shown(201));
        made.ok_or_else(unknown)
    }

    fn point(&mut self, call: &Call<'_>, feed: &str, id: &str) -> Result<Answer, Answer> {
        let place = self.place(feed, id)?;
        let one = &mut self.0[place];
        let etag = one.etag();
        if call.header("if-none-match") == Some(&etag) {
            return Ok(Answer::empty(304).header("etag", &etag));
        }
        if call.header("if-match").is_some_and(|wanted| wanted != etag) {
            return Err(Answer::refusal(412, 0, "It has another etag."));
        }
        match *call.method() {
            Method::GET => Ok(one.shown(200)),
            Method::PUT => {
                one.definition = call.json()?;
                one.version += 1;
                Ok(one.shown(200))
            }
            Method::DELETE => {
                self.0.remove(place);
                self.forget(&format!("{feed}/{id}"));
                Ok(Answer::empty(204))
            }
            _ => Err(unknown()),
        }
    }

    fn place(&self, feed: &str, id: &str) -> Result<usize, Answer> {
        let mut all = self.0.iter();
        let place = all.position(|one| one.feed == feed && one.id == id);
        place.ok_or_else(|| missing(&[], "There is no such resource."))
    }
}

impl Resource {
    fn etag(&self) -> String {
        format!("\"{:08x}-0000-0800-0000-000000000000\"", self.version)
    }

    fn document(&self) -> Value {
        let mut document = self.definition.clone();
        document["_etag"] = Value::from(self.etag());
        if self.feed.ends_with("/permissions") {
            document["_token"] = Value::from("type=resource&ver=1&sig=c2ln");
        }
        document
    }

    fn shown(&self, status: u16) -> Answer {
        Answer::document(status, &self.document()).header("etag", &self.etag())
    }

    /// Runs it, so to speak.
    fn run(&self, call: &Call<'_>) -> Result<Answer, Answer> {
        let key = call.header("x-ms-documentdb-partitionkey");
        let key = key.ok_or_else(|| bad("A stored procedure runs in one partition key."))?;
        let parameters = call.json()?;
        if !parameters.is_array() {
            return Err(bad("The parameters are no array."));
        }
        let source = self.definition["body"].as_str().unwrap_or_default();
        if source.contains("throw") {
            return Err(bad("The stored procedure has thrown."));
        }
        let key: Value = serde_json::from_str(key).unwrap_or_default();
        let result = json!({ "ran": self.id, "key": key, "parameters": parameters });
        let answer = Answer::document(200, &result);
        if call.says("x-ms-documentdb-script-enable-logging") {
            let log = format!("{}: 100 %\n", self.id);
            let log = utf8_percent_encode(&log, NON_ALPHANUMERIC).to_string();
            return Ok(answer.header("x-ms-documentdb-script-log-results", &log));
        }
        Ok(answer)
    }
}
