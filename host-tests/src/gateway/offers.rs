//! Throughput (spec data-plane §8).

use http::Method;
use serde_json::{Value, json};

use super::answer::{Answer, bad, missing, unknown};
use super::call::Call;
use super::world::list;

/// The steps and the lowest values of manual throughput and of autoscale's maximum.
const MANUAL: u64 = 100;
const LOWEST_MANUAL: u64 = 400;
const AUTOSCALE: u64 = 1000;

/// All offers.
#[derive(Debug, Default)]
pub(super) struct Offers {
    list: Vec<Offer>,
    made: u32,
    /// How many times a replacement is still to be told pending.
    pub(super) slow: u64,
}

/// The throughput of one resource.
#[derive(Debug)]
struct Offer {
    document: Value,
    /// How many times it is still told that its replacement is pending.
    pending: u64,
}

impl Offers {
    /// Gives a resource the throughput that its creation asks for, if it asks. Errors: it is none.
    pub(super) fn create(&mut self, call: &Call<'_>, rid: &str, link: &str) -> Result<(), Answer> {
        let manual = call.header("x-ms-offer-throughput");
        let autoscale = call.header("x-ms-cosmos-offer-autopilot-settings");
        let content = match (manual, autoscale) {
            (None, None) => return Ok(()),
            (Some(throughput), None) => {
                json!({ "offerThroughput": throughput.parse::<u64>().unwrap_or_default() })
            }
            (None, Some(settings)) => {
                let settings: Value = serde_json::from_str(settings).unwrap_or_default();
                json!({ "offerThroughput": 0, "offerAutopilotSettings": settings })
            }
            _ => return Err(bad("Throughput is manual or autoscale.")),
        };
        let content = checked(&content)?;
        self.made += 1;
        let id = format!("of{:02}", self.made);
        let document = json!({
            "id": id,
            "_rid": id,
            "_self": format!("offers/{id}/"),
            "_etag": etag(1),
            "_ts": 1,
            "offerVersion": "V2",
            "offerType": "Invalid",
            "resource": link,
            "offerResourceId": rid,
            "content": content,
        });
        self.list.push(Offer {
            document,
            pending: 0,
        });
        Ok(())
    }

    /// Forgets the throughput of a resource.
    pub(super) fn forget(&mut self, rid: &str) {
        self.list
            .retain(|offer| offer.document["offerResourceId"] != rid);
    }

    /// Answers a request. `path` is what follows `offers`.
    pub(super) fn answer(&mut self, call: &Call<'_>, path: &[&str]) -> Result<Answer, Answer> {
        let &[id] = path else {
            return self.feed(call);
        };
        let found = self
            .list
            .iter_mut()
            .find(|offer| offer.document["id"] == id);
        let offer = found.ok_or_else(|| missing(&[], "There is no such offer."))?;
        match *call.method() {
            Method::GET => {
                let is_pending = offer.pending > 0;
                offer.pending = offer.pending.saturating_sub(1);
                Ok(shown(offer, is_pending))
            }
            Method::PUT => offer.replace(call, self.slow),
            _ => Err(unknown()),
        }
    }

    fn feed(&self, call: &Call<'_>) -> Result<Answer, Answer> {
        if call.method() != Method::GET && !call.is_query() {
            return Err(unknown());
        }
        let all = self.list.iter().map(|offer| offer.document.clone());
        list(call, "", "Offers", all.collect())
    }
}

impl Offer {
    /// Replaces it, at once or after it was told pending so many times.
    fn replace(&mut self, call: &Call<'_>, slow: u64) -> Result<Answer, Answer> {
        if self.pending > 0 {
            return Err(Answer::refusal(423, 0, "The throughput is being changed."));
        }
        let wanted = call.json()?;
        for name in ["id", "_rid", "resource", "offerResourceId"] {
            if wanted[name] != self.document[name] {
                return Err(bad("The offer is that of another resource."));
            }
        }
        let etag_now = self.document["_etag"].as_str();
        let demand = call.header("if-match").filter(|etag| *etag != "*");
        if demand.is_some() && demand != etag_now {
            return Err(Answer::refusal(412, 0, "The offer has another etag."));
        }
        let mut content = wanted["content"].clone();
        let was_autoscale = !self.document["content"]["offerAutopilotSettings"].is_null();
        let to_autoscale = call.says("x-ms-cosmos-migrate-offer-to-autopilot");
        let to_manual = call.says("x-ms-cosmos-migrate-offer-to-manual-throughput");
        if to_autoscale && !was_autoscale {
            let now = self.document["content"]["offerThroughput"]
                .as_u64()
                .unwrap_or_default();
            let maximum = now.next_multiple_of(AUTOSCALE).max(AUTOSCALE);
            content = json!({ "offerThroughput": 0, "offerAutopilotSettings": { "maxThroughput": maximum } });
        } else if to_manual && was_autoscale {
            let maximum = &self.document["content"]["offerAutopilotSettings"]["maxThroughput"];
            content = json!({ "offerThroughput": maximum });
        } else if was_autoscale == content["offerAutopilotSettings"].is_null() {
            return Err(bad(
                "Changing between manual and autoscale needs the header of migration.",
            ));
        }
        let version = self.document["_ts"].as_u64().unwrap_or_default() + 1;
        self.document["content"] = checked(&content)?;
        self.document["_ts"] = Value::from(version);
        self.document["_etag"] = Value::from(etag(version));
        self.pending = slow;
        Ok(shown(self, slow > 0))
    }
}

/// The content of an offer. Errors: the service does not give that throughput.
fn checked(content: &Value) -> Result<Value, Answer> {
    let settings = &content["offerAutopilotSettings"];
    if settings.is_null() {
        let throughput = content["offerThroughput"].as_u64().unwrap_or_default();
        if throughput < LOWEST_MANUAL || !throughput.is_multiple_of(MANUAL) {
            return Err(bad("Throughput is at least 400, in steps of 100."));
        }
        return Ok(
            json!({ "offerThroughput": throughput, "offerIsRUPerMinuteThroughputEnabled": false }),
        );
    }
    let maximum = settings["maxThroughput"].as_u64().unwrap_or_default();
    if maximum < AUTOSCALE || !maximum.is_multiple_of(AUTOSCALE) {
        return Err(bad(
            "Autoscale's maximum is at least 1000, in steps of 1000.",
        ));
    }
    Ok(json!({ "offerThroughput": maximum / 10, "offerAutopilotSettings": settings }))
}

fn shown(offer: &Offer, is_pending: bool) -> Answer {
    Answer::document(200, &offer.document)
        .header("etag", offer.document["_etag"].as_str().unwrap_or_default())
        .header(
            "x-ms-offer-replace-pending",
            if is_pending { "true" } else { "false" },
        )
        .header("x-ms-cosmos-min-throughput", "400")
}

fn etag(version: u64) -> String {
    format!("\"{version:08x}-0000-0700-0000-000000000000\"")
}
