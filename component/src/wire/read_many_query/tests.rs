use super::KeyComponent::{Boolean, Null, Number, Text, Undefined};
use super::*;
use crate::wire::testing::Random;

fn text(text: &str) -> KeyComponent {
    Text(text.to_owned())
}

fn fields(paths: &[&str]) -> Fields {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    Fields::new(&paths)
}

/// The query's text, and its parameters as JSON.
fn rendered(paths: &[&str], entries: &[(Option<&str>, Vec<KeyComponent>)]) -> (String, String) {
    let wanted: Vec<_> = entries
        .iter()
        .map(|(id, key)| Wanted { id: *id, key })
        .collect();
    let fields = fields(paths);
    let body = fields.body(&wanted).unwrap();
    let cost: usize = wanted.iter().map(|entry| fields.cost(entry)).sum();
    assert!(
        body.len().saturating_sub(128) <= cost,
        "{} over {cost}",
        body.len()
    );
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let query = body["query"].as_str().unwrap();
    let condition = query.strip_prefix("SELECT * FROM c WHERE ").unwrap();
    let parameters = body["parameters"].as_array().unwrap();
    let values: Vec<_> = parameters.iter().map(|p| p["value"].clone()).collect();
    for (number, parameter) in parameters.iter().enumerate() {
        assert_eq!(parameter["name"], format!("@p{number}"));
        assert_eq!(parameter.as_object().unwrap().len(), 2);
    }
    let values = serde_json::to_string(&values).unwrap();
    (condition.to_owned(), values)
}

/// Every row of the spec's table of shapes, and of the rules below it.
#[test]
fn shapes() {
    let one = |id: &'static str, value: KeyComponent| (Some(id), vec![value]);
    let of = |value: KeyComponent| (None, vec![value]);
    for (paths, entries, condition, values) in [
        // 1: the path is the id.
        (
            &["/id"][..],
            vec![one("a", text("a")), one("b", text("b"))],
            "c.id IN (@p0,@p1)",
            r#"["a","b"]"#,
        ),
        // 2: one key.
        (
            &["/pk"],
            vec![one("a", text("k")), one("b", text("k"))],
            r#"c["pk"] = @p0 AND c.id IN (@p1,@p2)"#,
            r#"["k","a","b"]"#,
        ),
        (
            &["/t", "/u"],
            vec![
                (Some("a"), vec![text("t"), Number(7.0)]),
                (Some("b"), vec![text("t"), Number(7.0)]),
            ],
            r#"c["t"] = @p0 AND c["u"] = @p1 AND c.id IN (@p2,@p3)"#,
            r#"["t",7,"a","b"]"#,
        ),
        // 2 with the id as the last level.
        (
            &["/t", "/id"],
            vec![
                (Some("a"), vec![text("t"), text("a")]),
                (Some("b"), vec![text("t"), text("b")]),
            ],
            r#"c["t"] = @p0 AND c.id IN (@p1,@p2)"#,
            r#"["t","a","b"]"#,
        ),
        // 2 with what equals nothing.
        (
            &["/pk"],
            vec![one("a", Null), one("b", Null)],
            r#"IS_NULL(c["pk"]) AND c.id IN (@p0,@p1)"#,
            r#"["a","b"]"#,
        ),
        (
            &["/pk"],
            vec![one("a", Undefined), one("b", Undefined)],
            r#"NOT IS_DEFINED(c["pk"]) AND c.id IN (@p0,@p1)"#,
            r#"["a","b"]"#,
        ),
        // 3: mixed keys.
        (
            &["/pk"],
            vec![one("a", text("k")), one("b", Boolean(true)), one("c", Null)],
            r#"(c.id = @p0 AND c["pk"] = @p1) OR (c.id = @p2 AND c["pk"] = @p3) OR (c.id = @p4 AND IS_NULL(c["pk"]))"#,
            r#"["a","k","b",true,"c"]"#,
        ),
        (
            &["/t", "/u"],
            vec![
                (Some("a"), vec![text("t"), text("u")]),
                (Some("b"), vec![text("t"), Undefined]),
            ],
            r#"(c.id = @p0 AND c["t"] = @p1 AND c["u"] = @p2) OR (c.id = @p3 AND c["t"] = @p4 AND NOT IS_DEFINED(c["u"]))"#,
            r#"["a","t","u","b","t"]"#,
        ),
        // 4: keys of one path.
        (
            &["/pk"],
            vec![of(text("k")), of(Number(1.5)), of(Boolean(false))],
            r#"c["pk"] IN (@p0,@p1,@p2)"#,
            r#"["k",1.5,false]"#,
        ),
        (
            &["/pk"],
            vec![of(Null), of(text("k")), of(Undefined), of(text("l"))],
            r#"c["pk"] IN (@p0,@p1) OR IS_NULL(c["pk"]) OR NOT IS_DEFINED(c["pk"])"#,
            r#"["k","l"]"#,
        ),
        (&["/pk"], vec![of(Null)], r#"IS_NULL(c["pk"])"#, "[]"),
        // 4h: hierarchical keys and beginnings of them.
        (
            &["/t", "/u"],
            vec![(None, vec![text("t"), text("u")]), (None, vec![text("v")])],
            r#"(c["t"] = @p0 AND c["u"] = @p1) OR (c["t"] = @p2)"#,
            r#"["t","u","v"]"#,
        ),
        // Paths: nested, no identifiers, quoted, with quotes in them.
        (
            &["/a/b"],
            vec![of(text("k"))],
            r#"c["a"]["b"] IN (@p0)"#,
            r#"["k"]"#,
        ),
        (
            &["/my-pk"],
            vec![of(text("k"))],
            r#"c["my-pk"] IN (@p0)"#,
            r#"["k"]"#,
        ),
        (
            &["/\"a/b\""],
            vec![of(text("k"))],
            r#"c["a/b"] IN (@p0)"#,
            r#"["k"]"#,
        ),
        (
            &["/a\"b\\"],
            vec![of(text("k"))],
            r#"c["a\"b\\"] IN (@p0)"#,
            r#"["k"]"#,
        ),
        // A container without a partition key.
        (
            &[],
            vec![one("a", Undefined), one("b", Undefined)],
            "c.id IN (@p0,@p1)",
            r#"["a","b"]"#,
        ),
        (&[], vec![of(Undefined)], "true", "[]"),
    ] {
        let expected = (condition.to_owned(), values.to_owned());
        assert_eq!(rendered(paths, &entries), expected);
    }
}

#[test]
fn the_body_is_exactly_this() {
    let key = [text("é\"")];
    let wanted = [Wanted {
        id: Some("a\\é"),
        key: &key,
    }];
    let body = String::from_utf8(fields(&["/pk"]).body(&wanted).unwrap()).unwrap();
    assert_eq!(
        body,
        r#"{"query":"SELECT * FROM c WHERE c[\"pk\"] = @p0 AND c.id IN (@p1)","parameters":[{"name":"@p0","value":"\u00e9\""},{"name":"@p1","value":"a\\é"}]}"#
    );
}

#[test]
fn values_that_cannot_be_sent_are_refused() {
    for component in [Number(f64::NAN), Text("x".repeat(2049))] {
        let key = [component];
        let wanted = [Wanted {
            id: None,
            key: &key,
        }];
        assert!(fields(&["/pk"]).body(&wanted).is_err());
    }
}

#[test]
fn which_paths_are_the_id() {
    for (path, expected) in [
        ("/id", true),
        ("/\"id\"", true),
        ("/ID", false),
        ("/id/a", false),
        ("/a/id", false),
        ("", false),
    ] {
        assert_eq!(is_id(path), expected, "{path}");
    }
}

#[test]
fn any_texts_come_back_and_cost_no_more_than_said() {
    let mut random = Random::new(4);
    for _ in 0..2000 {
        let (id, key, path) = (random.unicode(30), random.unicode(30), random.unicode(12));
        let path = format!("/p{}", path.replace(['/', '"', '\''], "\u{1}"));
        let entry = (Some(id.as_str()), vec![text(&key)]);
        let (_, values) = rendered(&[&path], &[entry]);
        let values: Vec<String> = serde_json::from_str(&values).unwrap();
        assert_eq!(values, [key, id]);
    }
}
