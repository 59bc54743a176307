//! Queries and requests for their plans (spec data-plane §3.1 to §3.7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, bad};
use super::call::Call;
use super::container::Container;
use super::hybrid;
use super::info;
use super::knobs::TieOrder;
use super::page::{self, Cursor, Page};
use super::plan::{Parameters, Plan};
use super::rows::{Order, Resume, units};
use super::run::Run;
use super::scope::{Scope, scope};
use super::select::select;
use super::text::rewritten;

/// The registered queries, by their texts.
#[derive(Debug, Default)]
pub(super) struct Registry(Vec<(String, Plan)>);

/// What a text asks for.
enum Asked {
    /// Rows as the user gets them, or those of a rewritten text.
    Rows(Plan, bool),
    /// The totals that a hybrid search needs.
    Totals(Plan),
}

impl Registry {
    /// Registers a text, in place of an earlier plan for it.
    pub(super) fn add(&mut self, text: &str, plan: Plan) {
        self.0.retain(|(known, _)| known != text);
        self.0.push((text.to_owned(), plan));
    }

    pub(super) fn find(&self, text: &str) -> Option<&Plan> {
        let found = self.0.iter().find(|(known, _)| known == text);
        found.map(|(_, plan)| plan)
    }
}

/// Answers a query, or a request for the plan of one.
pub(super) fn answer(
    call: &Call<'_>,
    container: &mut Container,
    registry: &Registry,
) -> Result<Answer, Answer> {
    if call.header("content-type") != Some("application/query+json") {
        return Err(bad(
            "The content type of a query is application/query+json.",
        ));
    }
    let body = call.json()?;
    let Some(text) = body["query"].as_str() else {
        return Err(bad("The body has no query."));
    };
    if call.says("x-ms-cosmos-is-query-plan-request") {
        return plan(call, container, registry, text, &body["parameters"]);
    }
    data(call, container, registry, text, &body)
}

/// The plan, which is noted as issued.
fn plan(
    call: &Call<'_>,
    container: &mut Container,
    registry: &Registry,
    text: &str,
    parameters: &Value,
) -> Result<Answer, Answer> {
    if call.header("x-ms-cosmos-query-version") != Some("1.0") {
        return Err(bad("A request for a plan names the query version 1.0."));
    }
    let features = call
        .header("x-ms-cosmos-supported-query-features")
        .unwrap_or_default();
    let info = match registry.find(text) {
        Some(plan) => info::info(plan, container, features)?,
        None if select(text, parameters).is_some() => {
            info::info(&Plan::all(), container, features)?
        }
        None => return Err(syntax_error(text)),
    };
    let issued = (text.to_owned(), parameters.clone());
    if !container.issued.contains(&issued) {
        container.issued.push(issued);
    }
    Ok(Answer::document(200, &info))
}

/// A page of rows.
fn data(
    call: &Call<'_>,
    container: &mut Container,
    registry: &Registry,
    text: &str,
    body: &Value,
) -> Result<Answer, Answer> {
    let scope = match scope(call, container) {
        Ok(scope) => scope,
        Err(refusal) => return Err(with_plan(refusal, container, registry, text)),
    };
    let parameters = Parameters(&body["parameters"]);
    let asked = asked(container, registry, &scope, text, parameters)?;
    let cursor = page::begin(call, container, &scope)?;
    let size = container.knobs.size(call)?;
    if container.knobs.is_empty_page() {
        let empty = Page::empty(cursor);
        return Ok(shown(call, container, &scope, &empty));
    }
    let page = match asked {
        Asked::Totals(plan) => Page {
            rows: vec![hybrid::totals(&plan, container, Some(&scope), parameters).to_string()],
            next: None,
        },
        Asked::Rows(plan, is_final) => {
            let run = Run {
                plan: &plan,
                is_final,
                size,
                scan: container.knobs.scan.unwrap_or(usize::MAX),
            };
            rows(&run, container, &scope, body, &cursor)?
        }
    };
    Ok(shown(call, container, &scope, &page))
}

/// The page behind a cursor and, if the body has one, a resume filter.
fn rows(
    run: &Run<'_>,
    container: &Container,
    scope: &Scope,
    body: &Value,
    cursor: &Cursor,
) -> Result<Page, Answer> {
    let order = Order {
        plan: run.plan,
        ties: container.knobs.ties,
    };
    let mut units = units(run.plan, container, scope, Parameters(&body["parameters"]));
    if let Some(last) = &cursor.position {
        units.retain(|unit| order.positions(&unit.position, last).is_gt());
    }
    if !body["resumeFilter"].is_null() {
        let resume = Resume::parse(&body["resumeFilter"], run.plan).filter(|_| !run.is_final);
        let resume = resume.ok_or_else(|| bad("The resume filter is none of this query."))?;
        units.retain(|unit| resume.keeps(&unit.position, order));
    }
    Ok(run.page(&units, cursor))
}

/// What a text asks for. Errors: it is none that may be sent so.
fn asked(
    container: &Container,
    registry: &Registry,
    scope: &Scope,
    text: &str,
    parameters: Parameters<'_>,
) -> Result<Asked, Answer> {
    for (known, plan) in &registry.0 {
        let asked = if text == known {
            return own(container, registry, scope, known, plan);
        } else if plan.components.is_empty() {
            let is_rewritten = text == rewritten(plan, "true");
            is_rewritten.then(|| Asked::Rows(plan.clone(), false))
        } else if text == hybrid::statistics_text(plan) {
            Some(Asked::Totals(plan.clone()))
        } else {
            let components = hybrid::components(plan).into_iter();
            let mut named = components.filter(|component| {
                text == hybrid::substituted(plan, component, container, parameters)
            });
            named.next().map(|component| Asked::Rows(component, false))
        };
        if let Some(asked) = asked {
            let issued = (known.clone(), parameters.0.clone());
            if container.issued.contains(&issued) {
                return Ok(asked);
            }
            return Err(bad(
                "No plan was issued for this query and these parameters.",
            ));
        }
    }
    if let Some(condition) = select(text, parameters.0) {
        let plain = Plan::all().filter("", move |document, _| condition.holds(document));
        return Ok(Asked::Rows(plain, false));
    }
    if text.contains("{documentdb-") {
        return Err(bad(
            "The query has a placeholder, or totals that are not the sums over the ranges.",
        ));
    }
    Err(syntax_error(text))
}

/// The query's own text: over a range only if nothing is rewritten.
fn own(
    container: &Container,
    registry: &Registry,
    scope: &Scope,
    text: &str,
    plan: &Plan,
) -> Result<Asked, Answer> {
    if plan.is_folded(container.keys.paths.len()) {
        return Ok(Asked::Rows(plan.clone(), true));
    }
    let is_rewritten = !plan.components.is_empty() || !rewritten(plan, "true").is_empty();
    if is_rewritten && scope.key.is_none() || !plan.components.is_empty() {
        let message =
            "The provided cross partition query can not be directly served by the gateway.";
        let refusal = Answer::refusal(400, 1004, message);
        return Err(with_plan(refusal, container, registry, text));
    }
    Ok(Asked::Rows(plan.clone(), scope.key.is_some()))
}

/// Adds the plan of a query that the gateway cannot serve, as the service does.
fn with_plan(refusal: Answer, container: &Container, registry: &Registry, text: &str) -> Answer {
    let Some(plan) = registry.find(text).filter(|_| refusal.status == 400) else {
        return refusal;
    };
    let plan = info::complete(plan, container).to_string();
    let message = "The provided cross partition query can not be directly served by the gateway.";
    let body = json!({ "message": message, "additionalErrorInfo": plan });
    Answer::refusal_with(400, 1004, body)
}

fn syntax_error(text: &str) -> Answer {
    let errors = json!({
        "errors": [{
            "severity": "Error",
            "location": { "start": 0, "end": text.len() },
            "code": "SC1001",
            "message": "Syntax error, or no test has registered this query.",
        }]
    });
    bad(&errors.to_string())
}

/// The page with what is told of its execution.
fn shown(call: &Call<'_>, container: &Container, scope: &Scope, page: &Page) -> Answer {
    let mut answer = page::answer(call, container, scope, page);
    let told = match container.knobs.ties {
        TieOrder::Untold => None,
        TieOrder::Reversible => Some((true, false)),
        TieOrder::Ascending => Some((false, false)),
        TieOrder::Descending => Some((false, true)),
    };
    if let Some((is_reversible, is_reverse)) = told {
        let info = json!({ "reverseRidEnabled": is_reversible, "reverseIndexScan": is_reverse });
        answer = answer.header("x-ms-cosmos-query-execution-info", &info.to_string());
    }
    if call.says("x-ms-documentdb-populatequerymetrics") {
        let count = page.rows.len();
        let metrics = format!(
            "totalExecutionTimeInMs=0.50;retrievedDocumentCount={count};outputDocumentCount={count}"
        );
        answer = answer.header("x-ms-documentdb-query-metrics", &metrics);
    }
    if call.says("x-ms-cosmos-populateindexmetrics") {
        let utilization = json!({ "UtilizedSingleIndexes": [], "PotentialSingleIndexes": [] });
        let utilization = STANDARD.encode(utilization.to_string());
        answer = answer.header("x-ms-cosmos-index-utilization", &utilization);
    }
    answer
}
