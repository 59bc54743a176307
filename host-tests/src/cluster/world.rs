//! What a region answers.

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::answer::Answer;
use super::fault::Rules;
use super::store::{Store, database_rid};
use super::topology::{Topology, canonical};
use crate::scripted::Seen;

/// The account's state. All regions share it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) topology: Topology,
    pub(super) store: Store,
    pub(super) rules: Rules,
}

/// A request and the region that has it.
pub(super) struct Call<'a> {
    pub(super) region: usize,
    pub(super) request: &'a Seen,
    /// Whether it changes anything.
    pub(super) writes: bool,
}

impl Call<'_> {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    pub(super) fn says(&self, name: &str) -> bool {
        self.header(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl World {
    /// Answers a request to a site: a region by its place, and behind the last one the global endpoint.
    pub(super) fn answer(&mut self, site: usize, request: &Seen) -> Answer {
        if request.method == Method::GET && request.path == "/" {
            return Answer::document(200, &self.topology.document());
        }
        let is_region = site < self.topology.regions.len();
        let region = if is_region {
            site
        } else {
            self.topology.home()
        };
        if !self.topology.has(region) {
            return Answer::refusal(403, 1008, "The account does not have this region.");
        }
        let call = Call {
            region,
            request,
            writes: request.method != Method::GET,
        };
        let segments = segments(&request.path);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["dbs", database, rest @ ..] if *database != self.store.database => {
                missing(rest, "There is no such database.")
            }
            ["dbs", _] if !call.writes => Answer::document(200, &self.store.document()),
            ["dbs", _, "colls", rest @ ..] => self.in_database(&call, rest),
            _ => unknown(),
        }
    }

    /// Requests for containers and what is in them.
    fn in_database(&mut self, call: &Call<'_>, path: &[&str]) -> Answer {
        let in_items = matches!(path, [_, "docs", ..]);
        if call.writes && !in_items && !self.topology.takes_writes(call.region, None) {
            return write_forbidden();
        }
        let [id, rest @ ..] = path else {
            return self.create_container(call);
        };
        let Some(container) = self.store.container(id) else {
            return missing(rest, "There is no such container.");
        };
        let intended = call.header("x-ms-cosmos-intended-collection-rid");
        if intended.is_some_and(|rid| rid != container.rid) {
            let message = "The container has another resource id than the request says.";
            return Answer::refusal(400, 1024, message);
        }
        match rest {
            [] => self.container(call, id),
            ["pkranges"] => self.ranges(call, id),
            ["docs", item @ ..] => self.items(call, id, item),
            _ => unknown(),
        }
    }

    /// The feed of partition key ranges. Its etags hold in the region that gave them; another region's, or another
    /// container's, are answered with the full list.
    fn ranges(&mut self, call: &Call<'_>, id: &str) -> Answer {
        let Some(container) = self.store.container(id) else {
            return unknown();
        };
        let region = canonical(&self.topology.regions[call.region].name);
        let origin = format!("\"{region}-{}-", container.rid);
        let known = call
            .header("if-none-match")
            .filter(|_| call.header("a-im").is_some())
            .and_then(|etag| etag.strip_prefix(&origin)?.strip_suffix('"')?.parse().ok());
        let rows = container.ranges.rows_after(known.unwrap_or(0));
        let count = rows.len();
        let answer = if rows.is_empty() {
            Answer::empty(304)
        } else {
            let feed = json!({
                "_rid": container.rid,
                "PartitionKeyRanges": rows,
                "_count": count,
            });
            Answer::document(200, &feed)
        };
        let answer = answer
            .header("etag", &format!("{origin}{}\"", container.ranges.version()))
            .header("x-ms-item-count", &count.to_string());
        self.owned(answer, id)
    }

    /// Reads or deletes a container.
    fn container(&mut self, call: &Call<'_>, id: &str) -> Answer {
        let known = self.store.container(id);
        let document = known.map(|known| known.document());
        let answer = match call.request.method {
            Method::GET => Answer::document(200, &document.unwrap_or_default()),
            Method::DELETE => {
                self.store.containers.retain(|known| known.id != id);
                Answer::empty(204)
            }
            _ => return unknown(),
        };
        self.in_the_database(answer)
    }

    fn create_container(&mut self, call: &Call<'_>) -> Answer {
        let body: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
        let Some(id) = body["id"].as_str() else {
            return unknown();
        };
        if self.store.container(id).is_some() {
            return Answer::refusal(409, 0, "The container exists.");
        }
        self.store.create(id);
        let document = self.store.container(id).map(|made| made.document());
        let answer = Answer::document(201, &document.unwrap_or_default());
        self.in_the_database(answer)
    }

    /// Names the container that an answer is about the content of.
    pub(super) fn owned(&mut self, answer: Answer, container: &str) -> Answer {
        let path = format!("dbs/{}/colls/{container}", self.store.database);
        let rid = self.store.container(container).map(|owner| &owner.rid);
        answer
            .header("x-ms-alt-content-path", &path)
            .header("x-ms-content-path", rid.map_or("", String::as_str))
            .charged("1")
    }

    /// Names the database that an answer is about the content of.
    fn in_the_database(&self, answer: Answer) -> Answer {
        answer
            .header(
                "x-ms-alt-content-path",
                &format!("dbs/{}", self.store.database),
            )
            .header("x-ms-content-path", &database_rid())
            .charged("1")
    }
}

/// 403/3
pub(super) fn write_forbidden() -> Answer {
    Answer::refusal(403, 3, "The region does not take these writes.")
}

/// What the cluster cannot do.
pub(super) fn unknown() -> Answer {
    Answer::refusal(
        501,
        0,
        "The cluster of the tests does not know this request.",
    )
}

/// 404; its sub-status tells whether more was asked for than what is missing.
fn missing(rest: &[&str], message: &str) -> Answer {
    let sub_status = if rest.is_empty() { 0 } else { 1003 };
    Answer::refusal(404, sub_status, message)
}

/// The segments of a path, unescaped.
fn segments(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}
