//! The account: its databases, and which handler answers which request.

use http::Method;
use serde_json::{Value, json};

use super::answer::{Answer, bad, missing, unknown};
use super::call::{Call, segments};
use super::container::Container;
use super::offers::Offers;
use super::page::feed;
use super::query::{self, Registry};
use super::rule::Rules;
use super::select::select;
use super::{batch, changes, feed as feeds, items, rid};
use crate::scripted::Seen;

/// The name of the only region.
const REGION: &str = "East US";

/// The account's state.
#[derive(Debug)]
pub(super) struct World {
    /// `http://127.0.0.1:port/`
    pub(super) endpoint: String,
    pub(super) databases: Vec<Database>,
    pub(super) offers: Offers,
    pub(super) queries: Registry,
    pub(super) rules: Rules,
    /// Databases and containers made so far.
    made: u32,
    /// The partition key ranges of a new container.
    ranges: u32,
    /// In seconds since 1970.
    pub(super) now: u64,
}

/// A database.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) id: String,
    bytes: Vec<u8>,
    pub(super) containers: Vec<Container>,
}

impl World {
    /// An empty account.
    pub(super) fn new(endpoint: String, ranges: u32) -> Self {
        Self {
            endpoint,
            databases: Vec::new(),
            offers: Offers::default(),
            queries: Registry::default(),
            rules: Rules::default(),
            made: 0,
            ranges,
            now: 1_700_000_000,
        }
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, request: &Seen) -> Answer {
        let call = Call {
            request,
            now: self.now,
        };
        let path = segments(&request.path);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let answer = match path.as_slice() {
            [] if call.method() == Method::GET => Ok(self.account()),
            ["offers", rest @ ..] => self.offers.answer(&call, rest),
            ["dbs"] => self.databases(&call),
            ["dbs", database] => self.database(&call, database),
            ["dbs", database, "colls"] => self.containers(&call, database),
            ["dbs", database, "colls", container] => self.container(&call, database, container),
            ["dbs", database, "colls", container, rest @ ..] => {
                self.content(&call, database, container, rest)
            }
            _ => Err(unknown()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    /// Makes a database. Returns its place; none if there is one of this name.
    pub(super) fn create_database(&mut self, id: &str) -> Option<usize> {
        if self.databases.iter().any(|known| known.id == id) {
            return None;
        }
        self.made += 1;
        self.databases.push(Database {
            id: id.to_owned(),
            bytes: rid::database(self.made),
            containers: Vec::new(),
        });
        Some(self.databases.len() - 1)
    }

    /// Makes a container in place of one of the same name. None: there is no such definition.
    pub(super) fn create_container(
        &mut self,
        database: usize,
        definition: Value,
        ranges: Option<u32>,
    ) -> Option<&mut Container> {
        self.made += 1;
        let ranges = ranges.unwrap_or(self.ranges);
        let database = &mut self.databases[database];
        let made = Container::new(&database.bytes, self.made, definition, ranges)?;
        database.containers.retain(|known| known.id != made.id);
        database.containers.push(made);
        database.containers.last_mut()
    }

    fn account(&self) -> Answer {
        let location = json!([{ "name": REGION, "databaseAccountEndpoint": self.endpoint }]);
        Answer::document(
            200,
            &json!({
                "_self": "",
                "id": "gateway",
                "_rid": "gateway.documents.azure.com",
                "media": "//media/",
                "addresses": "//addresses/",
                "_dbs": "//dbs/",
                "_etag": "\"00000001\"",
                "writableLocations": location,
                "readableLocations": location,
                "enableMultipleWriteLocations": false,
                "userConsistencyPolicy": { "defaultConsistencyLevel": "Session" },
            }),
        )
    }

    fn databases(&mut self, call: &Call<'_>) -> Result<Answer, Answer> {
        if call.method() == Method::GET || call.is_query() {
            let all = self.databases.iter().map(Database::document);
            return list(call, "", "Databases", all.collect());
        }
        let body = call.json()?;
        let id = body["id"]
            .as_str()
            .ok_or_else(|| bad("The database has no id."))?;
        let place = self.create_database(id);
        let place = place.ok_or_else(|| Answer::refusal(409, 0, "The database exists."))?;
        let made = &self.databases[place];
        let rid = rid::text(&made.bytes);
        let answer = Answer::document(201, &made.document());
        if let Err(refusal) = self.offers.create(call, &rid, &format!("dbs/{rid}/")) {
            self.databases.pop();
            return Err(refusal);
        }
        Ok(answer)
    }

    fn database(&mut self, call: &Call<'_>, id: &str) -> Result<Answer, Answer> {
        let place = self.find(id, &[])?;
        match *call.method() {
            Method::GET => Ok(Answer::document(200, &self.databases[place].document())),
            Method::DELETE => {
                let gone = self.databases.remove(place);
                self.offers.forget(&rid::text(&gone.bytes));
                for container in &gone.containers {
                    self.offers.forget(&container.rid);
                }
                Ok(Answer::empty(204))
            }
            _ => Err(unknown()),
        }
    }

    fn containers(&mut self, call: &Call<'_>, database: &str) -> Result<Answer, Answer> {
        let place = self.find(database, &["colls"])?;
        let known = &self.databases[place].containers;
        if call.method() == Method::GET || call.is_query() {
            let rid = rid::text(&self.databases[place].bytes);
            let all = known.iter().map(Container::document);
            return list(call, &rid, "DocumentCollections", all.collect());
        }
        let definition = call.json()?;
        if known
            .iter()
            .any(|known| definition["id"] == known.id.as_str())
        {
            return Err(Answer::refusal(409, 0, "The container exists."));
        }
        let made = self.create_container(place, definition, None);
        let made =
            made.ok_or_else(|| bad("The container's definition is none that is kept here."))?;
        let (rid, link) = (made.rid.clone(), made.link.clone());
        let answer = Answer::document(201, &made.document()).header("etag", &made.etag());
        if let Err(refusal) = self.offers.create(call, &rid, &link) {
            self.databases[place].containers.pop();
            return Err(refusal);
        }
        Ok(answer)
    }

    fn container(&mut self, call: &Call<'_>, database: &str, id: &str) -> Result<Answer, Answer> {
        let place = self.find(database, &["colls", id])?;
        let containers = &mut self.databases[place].containers;
        let found = containers
            .iter()
            .position(|one| one.id == id || one.rid == id);
        let found = found.ok_or_else(|| missing(&[], "There is no such container."))?;
        let container = &mut containers[found];
        match *call.method() {
            Method::GET => {}
            Method::PUT => {
                let definition = call.json()?;
                let is_same = |name: &str| definition[name] == container.definition[name];
                if !is_same("id") || !is_same("partitionKey") {
                    return Err(bad("The id and the partition key of a container stay."));
                }
                container.definition = definition;
                container.version += 1;
            }
            Method::DELETE => {
                let gone = containers.remove(found);
                self.offers.forget(&gone.rid);
                return Ok(Answer::empty(204));
            }
            _ => return Err(unknown()),
        }
        Ok(Answer::document(200, &container.document()).header("etag", &container.etag()))
    }

    /// What is in a container.
    fn content(
        &mut self,
        call: &Call<'_>,
        database: &str,
        id: &str,
        rest: &[&str],
    ) -> Result<Answer, Answer> {
        let place = self.find(database, rest)?;
        let containers = &mut self.databases[place].containers;
        let found = containers
            .iter_mut()
            .find(|one| one.id == id || one.rid == id);
        let container = found.ok_or_else(|| missing(rest, "There is no such container."))?;
        let intended = call.header("x-ms-cosmos-intended-collection-rid");
        if intended.is_some_and(|rid| rid != container.rid) {
            let message = "The container has another resource id than the request says.";
            return Err(Answer::refusal(400, 1024, message));
        }
        match (rest, call.method()) {
            (["pkranges"], &Method::GET) => Ok(feeds::ranges(call, container)),
            (["docs"], &Method::GET) if call.header("a-im").is_some() => {
                changes::changes(call, container)
            }
            (["docs"], &Method::GET) => feeds::documents(call, container),
            (["docs"], &Method::POST) if call.is_query() => {
                query::answer(call, container, &self.queries)
            }
            (["docs"], &Method::POST) if call.says("x-ms-cosmos-is-batch-request") => {
                batch::batch(call, container)
            }
            (["docs", item @ ..], _) => items::item(call, container, item),
            _ => Err(unknown()),
        }
    }

    /// The place of a database, by its name or its resource id.
    fn find(&self, id: &str, rest: &[&str]) -> Result<usize, Answer> {
        let mut known = self.databases.iter();
        let place = known.position(|one| one.id == id || rid::text(&one.bytes) == id);
        place.ok_or_else(|| missing(rest, "There is no such database."))
    }
}

impl Database {
    fn document(&self) -> Value {
        let rid = rid::text(&self.bytes);
        json!({
            "id": self.id,
            "_rid": rid,
            "_self": format!("dbs/{rid}/"),
            "_etag": "\"00000001-0000-0700-0000-000000000000\"",
            "_colls": "colls/",
            "_users": "users/",
            "_ts": 1,
        })
    }
}

/// The rows of a list, or of a query of it, page by page. The continuation is the number of the rows so far.
pub(super) fn list(
    call: &Call<'_>,
    rid: &str,
    name: &str,
    mut rows: Vec<Value>,
) -> Result<Answer, Answer> {
    if call.is_query() {
        let query = call.json()?;
        let condition = select(
            query["query"].as_str().unwrap_or_default(),
            &query["parameters"],
        );
        let condition = condition.ok_or_else(|| bad("Syntax error in the query."))?;
        rows.retain(|row| condition.holds(row));
    }
    let done = call.header("x-ms-continuation").map(str::parse::<usize>);
    let done = done
        .transpose()
        .map_err(|_| bad("The continuation is invalid."))?;
    let done = done.unwrap_or_default();
    let end = done.saturating_add(call.max_items()?).min(rows.len());
    let page: Vec<String> = rows
        .get(done..end)
        .unwrap_or_default()
        .iter()
        .map(Value::to_string)
        .collect();
    let answer = feed(rid, name, &page);
    Ok(if end < rows.len() {
        answer.header("x-ms-continuation", &end.to_string())
    } else {
        answer
    })
}
