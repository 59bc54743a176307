//! The body of a query request (spec data-plane §3.1, §3.7).

use serde_json::value::RawValue;

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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResumeFilter<'a> {
    /// What the row is sorted by, one value per ORDER BY column.
    pub values: &'a [SortValue],
    /// The row's `_rid`, if known.
    pub rid: Option<&'a str>,
    /// Whether rows with the same values are left out.
    pub exclude: bool,
}

/// The value of an ORDER BY column, as a resume filter carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortValue {
    /// The property is missing: `[]`.
    Undefined,
    /// Null, a boolean, a number or a string: its JSON text, as the service wrote it.
    Scalar(Box<str>),
    /// The hash of an array or an object.
    Hash {
        /// Whether it is an array's, not an object's.
        array: bool,
        /// Bits 0 to 63.
        low: i64,
        /// Bits 64 to 127.
        high: i64,
    },
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
    let value: Result<&RawValue, _> = serde_json::from_slice(&parameter.value);
    value.map(RawValue::get).map_err(|error| {
        Invalid::new(format!(
            "the value of the query parameter {} is no JSON text ({error}): encode it, a string with its quotes",
            parameter.name
        ))
    })
}

fn push_filter(body: &mut String, filter: &ResumeFilter<'_>) {
    body.push_str("{\"value\":");
    push_values(body, filter.values);
    if let Some(rid) = filter.rid {
        body.push_str(",\"rid\":");
        push_text(body, rid);
    }
    body.push_str(",\"exclude\":");
    body.push_str(if filter.exclude { "true}" } else { "false}" });
}

/// Appends the values as a JSON array.
pub fn push_values(json: &mut String, values: &[SortValue]) {
    json.push('[');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        match value {
            SortValue::Undefined => json.push_str("[]"),
            SortValue::Scalar(text) => json.push_str(text),
            SortValue::Hash { array, low, high } => {
                let kind = if *array { "array" } else { "object" };
                json.push_str("{\"type\":\"");
                for part in [kind, "\",\"low\":", &low.to_string()] {
                    json.push_str(part);
                }
                json.push_str(",\"high\":");
                json.push_str(&high.to_string());
                json.push('}');
            }
        }
    }
    json.push(']');
}

/// Appends a text as a JSON string.
pub fn push_text(json: &mut String, text: &str) {
    // A text can always be written.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
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
            SortValue::Undefined,
            SortValue::Scalar("null".into()),
            SortValue::Scalar("5.0".into()),
            SortValue::Scalar(r#""a\"""#.into()),
            SortValue::Hash {
                array: true,
                low: i64::MIN,
                high: 7,
            },
            SortValue::Hash {
                array: false,
                low: -1,
                high: i64::MAX,
            },
        ];
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
                r#"{"type":"array","low":-9223372036854775808,"high":7},"#,
                r#"{"type":"object","low":-1,"high":9223372036854775807}],"rid":"r-1==","exclude":false}}"#
            )
        );
        assert_eq!(
            filter(&values[1..2], None, true),
            r#"{"query":"q","parameters":[],"resumeFilter":{"value":[null],"exclude":true}}"#
        );
    }
}
