//! The body of a patch request (spec driver-core §1.6, data-plane §7.1).

use super::Invalid;
use super::json::{Json, push_text};
use super::text::replaced;

pub mod apply;

/// The service takes at most this many operations in one patch.
pub const MAX_OPERATIONS: usize = 10;

/// One step of a patch. Paths are JSON pointers, values JSON texts.
#[derive(Debug, Clone, PartialEq)]
pub enum PatchOperation {
    /// Adds a property or inserts into an array.
    Add(PatchValue),
    /// Adds or replaces.
    Set(PatchValue),
    /// Replaces what exists.
    Replace(PatchValue),
    /// Removes what exists.
    Remove(String),
    /// Adds to a number.
    Increment(PatchValue),
    /// Moves a value.
    Move {
        /// Where it is.
        from: String,
        /// Where it goes.
        path: String,
    },
}

/// A path and the JSON text for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchValue {
    /// JSON pointer.
    pub path: String,
    /// JSON text, sent as it is.
    pub value: Vec<u8>,
}

impl PatchOperation {
    /// The paths that this operation touches: one, or two for a move.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let (path, from) = match self {
            Self::Add(v) | Self::Set(v) | Self::Replace(v) | Self::Increment(v) => (&v.path, None),
            Self::Remove(path) => (path, None),
            Self::Move { from, path } => (path, Some(from)),
        };
        std::iter::once(path.as_str()).chain(from.map(String::as_str))
    }

    /// Its name on the wire, its path, and its value if it has one.
    fn parts(&self) -> (&'static str, &str, Option<&PatchValue>) {
        match self {
            Self::Add(value) => ("add", &value.path, Some(value)),
            Self::Set(value) => ("set", &value.path, Some(value)),
            Self::Replace(value) => ("replace", &value.path, Some(value)),
            Self::Increment(value) => ("incr", &value.path, Some(value)),
            Self::Remove(path) => ("remove", path, None),
            Self::Move { path, .. } => ("move", path, None),
        }
    }
}

/// The request body, values untouched.
///
/// # Errors
/// No operation or more than ten; a path that does not start with `/` or touches `/id`; a value that is no JSON.
pub fn body(operations: &[PatchOperation], condition: Option<&str>) -> Result<Vec<u8>, Invalid> {
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        return Err(Invalid::new(format!(
            "a patch holds 1 to {MAX_OPERATIONS} operations, this one {}: split it, or replace the item",
            operations.len()
        )));
    }
    let mut body = String::from("{");
    if let Some(condition) = condition {
        body.push_str("\"condition\":");
        push_text(&mut body, condition);
        body.push(',');
    }
    body.push_str("\"operations\":[");
    for (place, operation) in operations.iter().enumerate() {
        body.push_str(if place == 0 { "{" } else { ",{" });
        push_step(&mut body, operation)?;
        body.push('}');
    }
    body.push_str("]}");
    Ok(body.into_bytes())
}

/// Whether the patch does no harm when it is carried out twice: it has the same effect, or is refused the second time.
/// Numbers that grow, values that move, and arrays that shift under their indexes make it harmful. An etag condition
/// (`guarded`) makes the second time fail; a condition in the query language may hold before and not after.
pub fn is_repeatable(operations: &[PatchOperation], condition: bool, guarded: bool) -> bool {
    let harmless = |operation: &PatchOperation| match operation {
        PatchOperation::Set(_) | PatchOperation::Replace(_) => true,
        PatchOperation::Add(value) => !is_index(&value.path),
        PatchOperation::Remove(path) => !is_index(path),
        PatchOperation::Increment(_) | PatchOperation::Move { .. } => false,
    };
    guarded || (!condition && operations.iter().all(harmless))
}

/// Whether the last step of a path may be a place in an array.
fn is_index(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    last == "-" || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a patch path and a path of the partition key lie on one line: one is the other, or inside of it.
pub fn touches(patch: &str, key: &str) -> bool {
    steps(patch)
        .zip(key_segments(key))
        .all(|(one, other)| one == other)
}

/// The steps of a JSON pointer, without escapes.
fn steps(path: &str) -> impl Iterator<Item = String> {
    let unescaped = |step| replaced(&replaced(step, "~1", "/"), "~0", "~");
    path.split('/').skip(1).map(unescaped)
}

/// The property names of a partition key path: `/a/b`, or quoted where they hold slashes, `/"a/b"`.
pub(super) fn key_segments(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut rest = path;
    while let Some(begun) = rest.strip_prefix('/') {
        let quoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| begun.strip_prefix(quote)?.split_once(quote));
        let (segment, after) = match quoted {
            Some(parts) => parts,
            None => begun
                .find('/')
                .and_then(|at| begun.split_at_checked(at))
                .unwrap_or((begun, "")),
        };
        segments.push(segment.to_owned());
        rest = after;
    }
    segments
}

/// One step's members.
fn push_step(body: &mut String, operation: &PatchOperation) -> Result<(), Invalid> {
    for path in operation.paths() {
        check_path(path)?;
    }
    let (op, path, value) = operation.parts();
    body.extend(["\"op\":\"", op, "\",\"path\":"]);
    push_text(body, path);
    if let Some(value) = value {
        body.extend([",\"value\":", json_of(op, value)?]);
    }
    if let PatchOperation::Move { from, .. } = operation {
        body.push_str(",\"from\":");
        push_text(body, from);
    }
    Ok(())
}

/// The JSON text of a value.
fn json_of<'a>(op: &str, value: &'a PatchValue) -> Result<&'a str, Invalid> {
    let json = Json::parse(&value.value).ok_or_else(|| {
        Invalid::new(format!(
            "the value of the patch operation {op} on {} is no JSON text: encode it, a string with its quotes",
            value.path
        ))
    })?;
    Ok(json.get())
}

fn check_path(path: &str) -> Result<(), Invalid> {
    if !path.starts_with('/') || path.len() < 2 {
        return Err(Invalid::new(format!(
            "the patch path \"{path}\" is no JSON pointer: start it with a slash, as in /address/city"
        )));
    }
    if touches(path, "/id") {
        return Err(Invalid::new(
            "a patch cannot change /id: an item's id is fixed; create another item instead",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_repeated() {
        let value = |path: &str| PatchValue {
            path: path.to_owned(),
            value: b"1".to_vec(),
        };
        let moved = PatchOperation::Move {
            from: "/a".to_owned(),
            path: "/b".to_owned(),
        };
        let cases = [
            (PatchOperation::Set(value("/a/0")), true),
            (PatchOperation::Replace(value("/a/0")), true),
            (PatchOperation::Add(value("/a")), true),
            (PatchOperation::Add(value("/a/-")), false),
            (PatchOperation::Add(value("/a/12")), false),
            (PatchOperation::Remove("/a/b".to_owned()), true),
            (PatchOperation::Remove("/a/0".to_owned()), false),
            (PatchOperation::Increment(value("/a")), false),
            (moved, false),
        ];
        for (operation, repeatable) in cases {
            let both = [PatchOperation::Set(value("/x")), operation];
            assert_eq!(is_repeatable(&both, false, false), repeatable, "{both:?}");
            assert!(!is_repeatable(&both, true, false));
            assert!(is_repeatable(&both, true, true));
        }
    }

    fn value(path: &str, value: &str) -> PatchValue {
        PatchValue {
            path: path.to_owned(),
            value: value.as_bytes().to_vec(),
        }
    }

    #[test]
    fn all_six_operations_with_values_untouched() {
        let operations = [
            PatchOperation::Add(value("/a", "1.0")),
            PatchOperation::Set(value("/b", "{\"x\" : [1,2]}")),
            PatchOperation::Replace(value("/c", "\"\u{e9}\"")),
            PatchOperation::Remove("/d".to_owned()),
            PatchOperation::Increment(value("/e", "-2")),
            PatchOperation::Move {
                from: "/f".to_owned(),
                path: "/g/h".to_owned(),
            },
        ];
        let text =
            String::from_utf8(body(&operations, Some("from c where c.a > 0")).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"condition\":\"from c where c.a > 0\",\"operations\":[\
             {\"op\":\"add\",\"path\":\"/a\",\"value\":1.0},\
             {\"op\":\"set\",\"path\":\"/b\",\"value\":{\"x\" : [1,2]}},\
             {\"op\":\"replace\",\"path\":\"/c\",\"value\":\"\u{e9}\"},\
             {\"op\":\"remove\",\"path\":\"/d\"},\
             {\"op\":\"incr\",\"path\":\"/e\",\"value\":-2},\
             {\"op\":\"move\",\"path\":\"/g/h\",\"from\":\"/f\"}]}"
        );
    }

    #[test]
    fn ten_operations_fit_and_eleven_do_not() {
        let operations = vec![PatchOperation::Remove("/a".to_owned()); 11];
        assert!(body(&operations[..10], None).is_ok());
        let error = body(&operations, None).unwrap_err().to_string();
        assert!(error.contains("1 to 10") && error.contains("11"), "{error}");
        assert!(body(&[], None).is_err());
    }

    #[test]
    fn bad_paths_and_values_are_refused() {
        for path in ["", "/", "a", "/id", "/id/x"] {
            assert!(
                body(&[PatchOperation::Remove(path.to_owned())], None).is_err(),
                "{path}"
            );
        }
        for path in ["/idx", "/a/id", "/-"] {
            assert!(
                body(&[PatchOperation::Remove(path.to_owned())], None).is_ok(),
                "{path}"
            );
        }
        for text in ["", "nope", "{", "1 2", "'x'"] {
            assert!(
                body(&[PatchOperation::Set(value("/a", text))], None).is_err(),
                "{text}"
            );
        }
        let onto_id = PatchOperation::Move {
            from: "/a".to_owned(),
            path: "/id".to_owned(),
        };
        assert!(body(&[onto_id], None).is_err());
    }

    #[test]
    fn paths_are_compared_by_property() {
        for (patch, key) in [
            ("/a", "/a"),
            ("/a/b", "/a"),
            ("/a", "/a/b"),
            ("/tenant id", "/\"tenant id\""),
            ("/a~1b/0", "/'a/b'"),
            ("/a~0b", "/a~b"),
            ("/a/b~1c", "/a/\"b/c\"/d"),
        ] {
            assert!(touches(patch, key), "{patch} {key}");
        }
        for (patch, key) in [
            ("/a", "/ab"),
            ("/a/b", "/a/c"),
            ("/a/b", "/\"a/b\""),
            ("/b", "/a/b"),
        ] {
            assert!(!touches(patch, key), "{patch} {key}");
        }
    }
}
