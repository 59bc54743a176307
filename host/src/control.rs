//! What answers of the control plane say.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::error::Error;
use crate::response::Response;
use crate::types::Throughput;

/// The throughput of a database or container: see [`Response::throughput`].
#[derive(Debug, Clone, Copy)]
pub struct ProvisionedThroughput {
    /// What is provisioned.
    pub throughput: Throughput,
    /// The least that the service would take now, in RU per second, if it says.
    pub minimum: Option<u32>,
    /// Whether a change is under way: read again until it is not. After a change between manual and autoscale, replace it
    /// once more then, for the rate.
    pub is_pending: bool,
}

#[derive(Deserialize)]
struct Offer {
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    offer_throughput: Option<u32>,
    offer_autopilot_settings: Option<Autoscale>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Autoscale {
    max_throughput: u32,
}

impl Response {
    /// The throughput that was read or replaced. Errors: [`Error::NoContent`], or [`Error::Json`] for an answer that is about
    /// something else.
    pub fn throughput(&self) -> Result<ProvisionedThroughput, Error> {
        let status = self.status;
        let body = self.value.as_deref().ok_or(Error::NoContent { status })?;
        let offer: Offer = serde_json::from_slice(body)
            .map_err(Error::unreadable("the answer says nothing of throughput"))?;
        let content = offer.content;
        let manual = Throughput::Manual(content.offer_throughput.unwrap_or_default());
        let autoscale = content.offer_autopilot_settings;
        let autoscale = autoscale.map(|settings| Throughput::Autoscale(settings.max_throughput));
        let minimum = self.header("x-ms-cosmos-min-throughput");
        let pending = self.header("x-ms-offer-replace-pending");
        Ok(ProvisionedThroughput {
            throughput: autoscale.unwrap_or(manual),
            minimum: minimum.and_then(|text| text.parse().ok()),
            is_pending: pending.map_or(status == 202, |text| text.eq_ignore_ascii_case("true")),
        })
    }

    /// What a stored procedure wrote with `console.log`, if [`ItemOptions::script_log`](crate::ItemOptions::script_log) asked
    /// for it.
    pub fn script_log(&self) -> Option<String> {
        let log = self.header("x-ms-documentdb-script-log-results")?;
        Some(percent_decode_str(log).decode_utf8_lossy().into_owned())
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut others = self.headers.others.iter();
        let found = others.find(|(other, _)| other == name)?;
        Some(&found.1)
    }
}
