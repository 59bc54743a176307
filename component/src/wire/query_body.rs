//! The body of a query request (spec data-plane §3.1, §3.7).

use super::json::{Json, push_text};

use super::Invalid;

/// A parameter of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name with the `@`.
    pub name: String,
    /// JSON text, sent as it is.
    pub value: Vec<u8>,
}

/// Where an ordered query goes on: after a row that has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeFilter<'a> {
    /// What the row is sorted by: for each ORDER BY column a JSON text, sent as it is. That is the value; `[]` if it is
    /// undefined; `{"type":"array","low":…,"high":…}` with the two halves of its hash if it is an array, or an object.
    pub values: &'a [String],
    /// The row's `_rid`, if known.
    pub rid: Option<&'a str>,
    /// Whether rows with the same values are left out.
    pub exclude: bool,
}

/// The request body: text and parameters as they are, and where to go on.
///
/// # Errors
/// A parameter whose value is no JSON text.
pub fn body(
    query: &str,
    parameters: &[Parameter],
    resume: Option<ResumeFilter<'_>>,
) -> Result<Vec<u8>, Invalid> {
    let mut body = String::with_capacity(query.len().saturating_add(64));
    body.push_str("{\"query\":");
    push_text(&mut body, query);
    body.push_str(",\"parameters\":[");
    let mut separator = "{\"name\":";
    for parameter in parameters {
        body.push_str(separator);
        separator = ",{\"name\":";
        push_text(&mut body, &parameter.name);
        body.push_str(",\"value\":");
        body.push_str(value(parameter)?);
        body.push('}');
    }
    body.push(']');
    if let Some(filter) = resume {
        body.push_str(",\"resumeFilter\":");
        push_filter(&mut body, &filter);
    }
    body.push('}');
    Ok(body.into_bytes())
}

fn value(parameter: &Parameter) -> Result<&str, Invalid> {
    let value = Json::parse(&parameter.value);
    value.map(Json::get).ok_or_else(|| {
        Invalid::new(format!(
            "the value of the query parameter {} is no JSON text: encode it, a string with its quotes",
            parameter.name
        ))
    })
}

fn push_filter(body: &mut String, filter: &ResumeFilter<'_>) {
    let mut separator = "{\"value\":[";
    for value in filter.values {
        body.push_str(separator);
        body.push_str(value);
        separator = ",";
    }
    body.push(']');
    if let Some(rid) = filter.rid {
        body.push_str(",\"rid\":");
        push_text(body, rid);
    }
    body.push_str(",\"exclude\":");
    body.push_str(if filter.exclude { "true}" } else { "false}" });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, value: &str) -> Parameter {
        Parameter {
            name: name.to_owned(),
            value: value.into(),
        }
    }

    fn text(body: Vec<u8>) -> String {
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn text_and_parameters_go_out_as_they_came() {
        assert_eq!(
            text(body("SELECT \"a\"\n", &[], None).unwrap()),
            r#"{"query":"SELECT \"a\"\n","parameters":[]}"#
        );
        let parameters = [
            parameter("@a", "1.0"),
            parameter("@b", r#" {"x":[1e400,"\u00e9"]} "#),
        ];
        assert_eq!(
            text(body("é", &parameters, None).unwrap()),
            r#"{"query":"é","parameters":[{"name":"@a","value":1.0},{"name":"@b","value":{"x":[1e400,"\u00e9"]}}]}"#
        );
    }

    #[test]
    fn a_value_that_is_no_json_is_refused() {
        for value in ["", "x", "{", "1 2", "'a'"] {
            let error = body("q", &[parameter("@p", value)], None).unwrap_err();
            assert!(error.to_string().contains("@p"), "{value}");
        }
    }

    #[test]
    fn a_resume_filter_has_one_spelling() {
        let values = [
            "[]",
            "null",
            "5.0",
            r#""a\"""#,
            r#"{"type":"array","low":-9223372036854775808,"high":7}"#,
        ];
        let values = values.map(str::to_owned);
        let filter = |values, rid, exclude| {
            let filter = ResumeFilter {
                values,
                rid,
                exclude,
            };
            text(body("q", &[], Some(filter)).unwrap())
        };
        assert_eq!(
            filter(&values, Some("r-1=="), false),
            concat!(
                r#"{"query":"q","parameters":[],"resumeFilter":{"value":[[],null,5.0,"a\"","#,
                r#"{"type":"array","low":-9223372036854775808,"high":7}],"rid":"r-1==","exclude":false}}"#
            )
        );
        assert_eq!(
            filter(&values[1..2], None, true),
            r#"{"query":"q","parameters":[],"resumeFilter":{"value":[null],"exclude":true}}"#
        );
    }
}
