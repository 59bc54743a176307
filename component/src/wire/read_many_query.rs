//! Queries for many items at once (spec data-plane §4.3).
//!
//! Every value is a parameter, `@p0` and on. Properties are addressed in brackets, which takes any name. `null` and
//! undefined equal nothing in the query language, so they are asked for by function.

use super::Invalid;
use super::json_edit::text as json_text;
use super::key::{self, KeyComponent};
use super::patch::key_segments;

/// What one row of the answer, or all rows of a partition key, are asked for by.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The item's id; absent to ask for all items of the key.
    pub id: Option<&'a str>,
    /// The partition key value; without an id it may be the beginning of one.
    pub key: &'a [KeyComponent],
}

/// A container's partition key paths as expressions of the query language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    expression: String,
    is_id: bool,
}

impl Fields {
    /// The expressions for partition key paths such as `/tenant` or `/a/"b/c"`.
    pub fn new(paths: &[String]) -> Self {
        let mut fields = Vec::with_capacity(paths.len());
        for path in paths {
            let mut expression = "c".to_owned();
            for segment in key_segments(path) {
                expression.extend(["[", &json_text(&segment), "]"]);
            }
            let is_id = is_id(path);
            fields.push(Field { expression, is_id });
        }
        Self(fields)
    }

    /// At most so many bytes of the body are due to one entry.
    pub fn cost(&self, wanted: &Wanted<'_>) -> usize {
        // The signs around an id, with its parameter; then those around each value.
        let mut cost = wanted.id.map_or(8, |id| text_cost(id).saturating_add(64));
        for (field, component) in self.0.iter().zip(wanted.key) {
            let value = match component {
                KeyComponent::Text(text) => text_cost(text),
                _ => 24,
            };
            let expression = text_cost(&field.expression).saturating_add(48);
            cost = cost.saturating_add(value).saturating_add(expression);
        }
        cost
    }

    /// The request body that asks for these entries, which all have an id or all have none.
    ///
    /// # Errors
    /// A key value that no header could carry either: NaN, infinity, a text over 2048 bytes.
    pub fn body(&self, wanted: &[Wanted<'_>]) -> Result<Vec<u8>, Invalid> {
        let mut query = Query::default();
        query.text.push_str("SELECT * FROM c WHERE ");
        match (wanted.iter().all(|entry| entry.id.is_some()), &*self.0) {
            (true, _) => self.items(&mut query, wanted)?,
            // A container without a key: nothing to choose by.
            (false, []) => query.text.push_str("true"),
            (false, [only]) => keys(&mut query, only, wanted)?,
            (false, _) => self.alternatives(&mut query, wanted)?,
        }
        Ok(query.into_body())
    }

    /// Shapes 1 to 3: by id alone, ids under one key, or pairs.
    fn items(&self, query: &mut Query, wanted: &[Wanted<'_>]) -> Result<(), Invalid> {
        let Some(first) = wanted.first() else {
            return Ok(());
        };
        if !wanted.iter().all(|entry| self.same_key(first, entry)) {
            return self.alternatives(query, wanted);
        }
        let keyed = Wanted { id: None, ..*first };
        if self.conjunction(query, &keyed, true)? {
            query.text.push_str(" AND ");
        }
        query.text.push_str("c.id IN (");
        let mut separator = "";
        for id in wanted.iter().filter_map(|entry| entry.id) {
            query.text.push_str(separator);
            query.parameter(&json_text(id));
            separator = ",";
        }
        query.text.push(')');
        Ok(())
    }

    /// Shapes 3 and 4h: `(… AND …) OR (… AND …)`.
    fn alternatives(&self, query: &mut Query, wanted: &[Wanted<'_>]) -> Result<(), Invalid> {
        let mut separator = "(";
        for entry in wanted {
            query.text.push_str(separator);
            self.conjunction(query, entry, entry.id.is_some())?;
            separator = ") OR (";
        }
        query.text.push(')');
        Ok(())
    }

    /// `c.id = @p AND field = @p …`; without the components that are the id again. Says whether anything was written.
    fn conjunction(
        &self,
        query: &mut Query,
        entry: &Wanted<'_>,
        by_id: bool,
    ) -> Result<bool, Invalid> {
        let mut separator = "";
        if let Some(id) = entry.id {
            query.text.push_str("c.id = ");
            query.parameter(&json_text(id));
            separator = " AND ";
        }
        for (field, component) in self.0.iter().zip(entry.key) {
            if field.is_id && by_id {
                continue;
            }
            query.text.push_str(separator);
            query.equals(&field.expression, component)?;
            separator = " AND ";
        }
        Ok(!separator.is_empty())
    }

    fn same_key(&self, one: &Wanted<'_>, other: &Wanted<'_>) -> bool {
        let mut pairs = self.0.iter().zip(one.key.iter().zip(other.key));
        pairs.all(|(field, (one, other))| field.is_id || one == other)
    }
}

/// Whether a partition key path is the item's id.
pub fn is_id(path: &str) -> bool {
    key_segments(path) == ["id"]
}

/// Shape 4: `field IN (…)`, and what cannot stand in a list.
fn keys(query: &mut Query, field: &Field, wanted: &[Wanted<'_>]) -> Result<(), Invalid> {
    let mut separator = "";
    let mut open = false;
    for component in wanted.iter().filter_map(|entry| entry.key.first()) {
        if is_listed(component) {
            let begin = [&*field.expression, " IN ("];
            query.text.extend(if open { ["", ","] } else { begin });
            query.value(component)?;
            open = true;
        }
    }
    if open {
        query.text.push(')');
        separator = " OR ";
    }
    for component in wanted.iter().filter_map(|entry| entry.key.first()) {
        if !is_listed(component) {
            query.text.push_str(separator);
            query.equals(&field.expression, component)?;
            separator = " OR ";
        }
    }
    Ok(())
}

fn is_listed(component: &KeyComponent) -> bool {
    !matches!(component, KeyComponent::Null | KeyComponent::Undefined)
}

/// A query that is being written.
#[derive(Default)]
struct Query {
    text: String,
    /// The elements of the list of parameters, as JSON.
    parameters: String,
    count: u32,
}

impl Query {
    fn equals(&mut self, expression: &str, component: &KeyComponent) -> Result<(), Invalid> {
        match component {
            KeyComponent::Undefined => self.text.extend(["NOT IS_DEFINED(", expression, ")"]),
            KeyComponent::Null => self.text.extend(["IS_NULL(", expression, ")"]),
            _ => {
                self.text.extend([expression, " = "]);
                self.value(component)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, component: &KeyComponent) -> Result<(), Invalid> {
        let list = key::header_value(std::slice::from_ref(component))?;
        let value = list
            .strip_prefix('[')
            .and_then(|list| list.strip_suffix(']'));
        self.parameter(value.unwrap_or_default());
        Ok(())
    }

    fn parameter(&mut self, json: &str) {
        let name = format!("@p{}", self.count);
        self.count = self.count.saturating_add(1);
        self.text.push_str(&name);
        let separator = if self.parameters.is_empty() { "" } else { "," };
        let parts = [separator, "{\"name\":\"", &name, "\",\"value\":", json, "}"];
        self.parameters.extend(parts);
    }

    fn into_body(self) -> Vec<u8> {
        let mut body = "{\"query\":".to_owned();
        body.push_str(&json_text(&self.text));
        body.extend([",\"parameters\":[", &self.parameters, "]}"]);
        body.into_bytes()
    }
}

/// The most bytes that a text takes as a JSON string, quotes included; or one more time in JSON, if it is JSON already.
fn text_cost(text: &str) -> usize {
    let mut cost = 2_usize;
    for byte in text.bytes() {
        let bytes = match byte {
            b'"' | b'\\' => 2,
            b' '..=b'~' => 1,
            _ => 6,
        };
        cost = cost.saturating_add(bytes);
    }
    cost
}

#[cfg(test)]
mod tests;
