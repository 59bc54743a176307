//! Offers: the provisioned throughput of a database or container (spec data-plane §8).

use super::json::{self, Json};
use super::json_edit::{text, with_member};
use super::object::Object;
use super::{Invalid, page};

/// The name of the array in pages of offers.
pub const ARRAY: &str = "Offers";

/// Provisioned throughput of a database or container, in request units per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throughput {
    /// This many, always.
    Manual(u32),
    /// As many as are needed, up to so many.
    Autoscale(u32),
}

impl Throughput {
    /// Whether the service sells it (spec data-plane §9): manual from 400 in steps of 100, autoscale from 1 000 in steps
    /// of 1 000.
    ///
    /// # Errors
    /// It does not.
    pub fn check(self) -> Result<(), Invalid> {
        let (kind, rate, least, step) = match self {
            Self::Manual(rate) => ("manual", rate, 400, 100),
            Self::Autoscale(rate) => ("autoscale", rate, 1000, 1000),
        };
        if rate >= least && rate.is_multiple_of(step) {
            return Ok(());
        }
        Err(Invalid::new(format!(
            "the service has no {kind} throughput of {rate} RU/s: give {least} or more, a multiple of {step}"
        )))
    }

    /// The number.
    pub fn value(self) -> u32 {
        match self {
            Self::Manual(rate) | Self::Autoscale(rate) => rate,
        }
    }

    /// Whether both are manual or both autoscale.
    pub fn is_same_kind(self, other: Self) -> bool {
        matches!(self, Self::Manual(_)) == matches!(other, Self::Manual(_))
    }
}

/// An offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its id, which its path holds.
    pub id: String,
    /// The resource id of the database or container that it belongs to.
    pub resource_rid: String,
    /// What it provisions.
    pub throughput: Throughput,
    /// The document as it came.
    raw: Vec<u8>,
}

impl Offer {
    /// Reads an offer. None if it is none, or says nothing of throughput.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut offer = Object::read(body)?;
        Some(Self {
            id: json::text(offer.take("id")?)?,
            resource_rid: json::text(offer.take("offerResourceId")?)?,
            throughput: throughput(offer.take("content")?)?,
            raw: body.to_vec(),
        })
    }

    /// The offer's document with another rate of the same kind: everything else stays as it came.
    pub fn with_rate(&self, rate: u32) -> Option<Vec<u8>> {
        self.with_value(&rate.to_string())
    }

    /// The document that asks for the other kind. The service wants the property of the old kind, ignores its value, and
    /// chooses the new rate itself.
    pub fn migrating(&self) -> Option<Vec<u8>> {
        self.with_value("-1")
    }

    fn with_value(&self, value: &str) -> Option<Vec<u8>> {
        let content = Object::read(&self.raw)?.take("content")?.get().as_bytes();
        let content = match self.throughput {
            Throughput::Manual(_) => with_member(content, "offerThroughput", value)?,
            Throughput::Autoscale(_) => {
                let settings = Object::read(content)?.take(SETTINGS)?.get().as_bytes();
                with_member(content, SETTINGS, &with_member(settings, MOST, value)?)?
            }
        };
        let document = with_member(&self.raw, "content", &content)?;
        Some(document.into_bytes())
    }
}

const SETTINGS: &str = "offerAutopilotSettings";
const MOST: &str = "maxThroughput";

/// Reads a page of offers for the one that belongs to a resource. None if it is no such page; then none if it is not on
/// it.
pub fn find(body: &[u8], resource_rid: &str) -> Option<Option<Offer>> {
    let mut found = None;
    for row in page::rows(body, ARRAY)? {
        let offer = Offer::parse(row.get().as_bytes());
        if let Some(offer) = offer.filter(|offer| offer.resource_rid == resource_rid) {
            found = Some(offer);
        }
    }
    Some(found)
}

/// The resource id in the document of a database or container.
pub fn rid(document: &[u8]) -> Option<String> {
    json::text(Object::read(document)?.take("_rid")?)
}

/// The body of the query for a resource's offer.
pub fn query(resource_rid: &str) -> Vec<u8> {
    let sql = "{\"query\":\"SELECT * FROM c WHERE c.offerResourceId = @rid\",\"parameters\":[{\"name\":\"@rid\",\"value\":";
    [sql, &text(resource_rid), "}]}"].concat().into_bytes()
}

/// An offer with autoscale settings is autoscale, whatever its manual rate says.
fn throughput(content: Json<'_>) -> Option<Throughput> {
    let mut content = Object::read(content.get().as_bytes())?;
    let settings = content.take(SETTINGS);
    let most = settings.and_then(|settings| Object::read(settings.get().as_bytes())?.take(MOST));
    match most {
        Some(most) => Some(Throughput::Autoscale(number(most)?)),
        None => Some(Throughput::Manual(number(
            content.take("offerThroughput")?,
        )?)),
    }
}

fn number(value: Json<'_>) -> Option<u32> {
    let number = json::number(value.get()).filter(|number| *number >= 0.0)?;
    // Beyond what fits, the largest.
    Some(number as u32)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    const MANUAL: &str = r#"{"id":"uT2L","_rid":"uT2L","offerVersion":"V2","offerType":"Invalid","resource":"dbs/a/colls/b/","offerResourceId":"rid=","content":{"new":[1.0],"offerThroughput":400},"_etag":"\"e\"","_ts":0,"unknown":{"x":1e5}}"#;
    const AUTOSCALE: &str = r#"{"id":"uT2L","_rid":"uT2L","offerResourceId":"rid=","content":{"offerThroughput":400,"offerAutopilotSettings":{"maxThroughput":4000,"autoUpgradePolicy":{"throughputPolicy":{"incrementPercent":10}}}}}"#;

    #[test]
    fn reads_both_kinds() {
        let offer = Offer::parse(MANUAL.as_bytes()).unwrap();
        assert_eq!((&*offer.id, &*offer.resource_rid), ("uT2L", "rid="));
        assert_eq!(offer.throughput, Throughput::Manual(400));
        let offer = Offer::parse(AUTOSCALE.as_bytes()).unwrap();
        assert_eq!(
            (&*offer.id, offer.throughput),
            ("uT2L", Throughput::Autoscale(4000))
        );
        let content = |content: &str| {
            let offer = format!(r#"{{"id":"i","offerResourceId":"r","content":{content}}}"#);
            Offer::parse(offer.as_bytes()).map(|offer| offer.throughput)
        };
        for (text, expected) in [
            (
                r#"{"offerThroughput":400,"offerAutopilotSettings":null}"#,
                Some(Throughput::Manual(400)),
            ),
            (
                r#"{"offerThroughput":400,"offerAutopilotSettings":{}}"#,
                Some(Throughput::Manual(400)),
            ),
            (
                r#"{"offerAutopilotSettings":{"maxThroughput":1000}}"#,
                Some(Throughput::Autoscale(1000)),
            ),
            (r#"{"offerThroughput":-1}"#, None),
            ("{}", None),
            ("null", None),
        ] {
            assert_eq!(content(text), expected, "{text}");
        }
        for text in [
            "",
            "{}",
            "[]",
            r#"{"id":"i","content":{"offerThroughput":400}}"#,
        ] {
            assert!(Offer::parse(text.as_bytes()).is_none());
        }
    }

    #[test]
    fn only_the_rate_changes() {
        for (raw, old, rate) in [
            (MANUAL, "\"offerThroughput\":400", "\"offerThroughput\":"),
            (AUTOSCALE, "\"maxThroughput\":4000", "\"maxThroughput\":"),
        ] {
            let offer = Offer::parse(raw.as_bytes()).unwrap();
            for (edited, value) in [(offer.with_rate(500), "500"), (offer.migrating(), "-1")] {
                let expected = raw.replace(old, &format!("{rate}{value}"));
                assert_eq!(String::from_utf8(edited.unwrap()).unwrap(), expected);
            }
        }
    }

    #[test]
    fn an_offer_is_found_by_its_resource() {
        let page = format!(r#"{{"_rid":"","Offers":[{{}},{MANUAL}],"_count":2}}"#);
        let found = |rid: &str| find(page.as_bytes(), rid).unwrap();
        assert_eq!(found("rid=").unwrap().id, "uT2L");
        assert_eq!(found("other"), None);
        assert_eq!(find(br#"{"Offers":[]}"#, "rid="), Some(None));
        assert_eq!(find(b"{}", "rid="), None);
        assert_eq!(
            String::from_utf8(query("a\"b=")).unwrap(),
            r#"{"query":"SELECT * FROM c WHERE c.offerResourceId = @rid","parameters":[{"name":"@rid","value":"a\"b="}]}"#
        );
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        let pieces = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"id\"",
            "\"offerResourceId\"",
            "\"content\"",
            "\"Offers\"",
            "\"offerThroughput\"",
            "\"offerAutopilotSettings\"",
            "\"maxThroughput\"",
            "1",
            "null",
        ];
        let mut random = Random::new(6);
        for _ in 0..4000 {
            let text = random.text(&pieces, 24);
            if let Some(offer) = Offer::parse(text.as_bytes()) {
                offer.with_rate(1);
            }
            find(text.as_bytes(), "1");
        }
    }
}
