use super::raw::RawRequest;
use super::*;
use crate::core::operation::{PartitionKey, Precondition};
use crate::wire::key::KeyComponent;

mod sequence;

fn at() -> ContainerRef {
    ContainerRef {
        database: "d b".to_owned(),
        container: "c".to_owned(),
    }
}

fn key() -> PartitionKey {
    vec![KeyComponent::Text("k".to_owned())]
}

/// Verb, path, signed type and text; then headers and body.
fn said(request: &Request) -> String {
    let mut said = format!(
        "{} {} {}:{}",
        request.method,
        request.link.path(),
        request.link.resource.segment(),
        request.link.signing()
    );
    for (name, value) in &request.headers {
        said.extend(["\n", name, ": "]);
        said.push_str(std::str::from_utf8(value).unwrap());
    }
    if let Some(body) = &request.body {
        said.extend(["\n\n", std::str::from_utf8(body).unwrap()]);
    }
    said
}

const LIST: &str = "\nx-ms-max-item-count: -1";
const QUERY: &str = "\ncontent-type: application/query+json\nx-ms-documentdb-isquery: True\nx-ms-max-item-count: -1\n\nq";

/// Every row of the spec's table of resources, with each verb.
#[test]
fn golden_requests() {
    let at = at();
    let permissions = Collection::Permissions {
        database: "d b",
        user: "u",
    };
    let scripts = "/dbs/d%20b/colls/c dbs/d b/colls/c";
    // Collection, feed path and text to sign, segment, array, name in the singular and plural, what there is.
    for (collection, parent, segment, array, (one, all), has) in [
        (
            Collection::Databases,
            " ",
            "dbs",
            "Databases",
            ("database", "databases"),
            "crd",
        ),
        (
            Collection::Containers("d b"),
            "/dbs/d%20b dbs/d b",
            "colls",
            "DocumentCollections",
            ("container", "containers"),
            "crpd",
        ),
        (
            Collection::StoredProcedures(&at),
            scripts,
            "sprocs",
            "StoredProcedures",
            ("stored_procedure", "stored_procedures"),
            "crpd",
        ),
        (
            Collection::Triggers(&at),
            scripts,
            "triggers",
            "Triggers",
            ("trigger", "triggers"),
            "crpd",
        ),
        (
            Collection::UserDefinedFunctions(&at),
            scripts,
            "udfs",
            "UserDefinedFunctions",
            ("user_defined_function", "user_defined_functions"),
            "crpd",
        ),
        (
            Collection::Conflicts(&at),
            scripts,
            "conflicts",
            "Conflicts",
            ("conflict", "conflicts"),
            "rd",
        ),
        (
            Collection::Users("d b"),
            "/dbs/d%20b dbs/d b",
            "users",
            "Users",
            ("user", "users"),
            "crpd",
        ),
        (
            permissions,
            "/dbs/d%20b/users/u dbs/d b/users/u",
            "permissions",
            "Permissions",
            ("permission", "permissions"),
            "crpd",
        ),
        (
            Collection::Offers,
            " ",
            "offers",
            "Offers",
            ("offer", "offers"),
            "rp",
        ),
    ] {
        assert_eq!(collection.array(), array);
        let (path, signed) = parent.split_once(' ').unwrap();
        let feed = format!("{path}/{segment} {segment}:{signed}");
        let slash = if signed.is_empty() { "" } else { "/" };
        let mut point = format!("{path}/{segment}/i%20D {segment}:{signed}{slash}{segment}/i D");
        if collection == Collection::Offers {
            point = "/offers/i%20D offers:i d".to_owned();
        }
        let check = |request: Result<Request>, verb: char, name: String, read, expected: String| {
            if verb != ' ' && !has.contains(verb) {
                let error = request.unwrap_err();
                assert!(error.message.contains("no such operation"), "{error}");
                return;
            }
            let request = request.unwrap();
            assert_eq!(said(&request), expected);
            assert_eq!((request.name, request.is_read()), (name.as_str(), read));
            assert!(!request.is_data_plane());
        };
        let body = || b"{}".to_vec();
        let page = Paging::default;
        check(
            collection.list(page()),
            ' ',
            format!("read_all_{all}"),
            true,
            format!("GET {feed}{LIST}"),
        );
        check(
            collection.query(b"q".to_vec(), page()),
            ' ',
            format!("query_{all}"),
            true,
            format!("POST {feed}{QUERY}"),
        );
        check(
            collection.one(Verb::Create, "", Some(body())).map(|it| *it),
            'c',
            format!("create_{one}"),
            false,
            format!("POST {feed}\n\n{{}}"),
        );
        check(
            collection.one(Verb::Read, "i D", None).map(|it| *it),
            'r',
            format!("read_{one}"),
            true,
            format!("GET {point}"),
        );
        check(
            collection
                .one(Verb::Replace, "i D", Some(body()))
                .map(|it| *it),
            'p',
            format!("replace_{one}"),
            false,
            format!("PUT {point}\n\n{{}}"),
        );
        check(
            collection.one(Verb::Delete, "i D", None).map(|it| *it),
            'd',
            format!("delete_{one}"),
            false,
            format!("DELETE {point}"),
        );
    }
}

#[test]
fn pages() {
    let paging = |continuation: &str| Paging {
        max_item_count: Some(7),
        continuation: Some(continuation.to_owned()),
    };
    let request = Collection::Databases.list(paging("next")).unwrap();
    assert_eq!(
        said(&request),
        "GET /dbs dbs:\nx-ms-max-item-count: 7\nx-ms-continuation: next"
    );
    for bad in ["", "a\nb", "\u{e9}", &"x".repeat(70_000)] {
        assert!(Collection::Databases.list(paging(bad)).is_err());
    }
}

#[test]
fn names_that_no_url_can_carry() {
    let odd = ContainerRef {
        database: "d".to_owned(),
        container: "a/b".to_owned(),
    };
    let odd_user = Collection::Permissions {
        database: "d",
        user: "a?",
    };
    let page = Paging::default;
    let read = |collection: Collection<'_>, id: &str| {
        collection.one(Verb::Read, id, None).map(|request| *request)
    };
    for request in [
        Collection::Containers("").list(page()),
        Collection::Triggers(&odd).list(page()),
        read(Collection::Triggers(&odd), "t"),
        read(Collection::Triggers(&at()), "a#"),
        read(Collection::Databases, ".."),
        read(Collection::Databases, ""),
        read(Collection::Offers, "a/b"),
        odd_user.one(Verb::Create, "", Some(vec![])).map(|it| *it),
        read(odd_user, "p"),
    ] {
        assert!(request.is_err(), "{request:?}");
    }
}

#[test]
fn one_resource() {
    use resource::{ResourceAction, ResourceKind, ResourceRef};
    let resource = |kind, key: PartitionKey| ResourceRef {
        kind,
        parent: at(),
        id: "i D".to_owned(),
        key,
    };
    let put = || ResourceAction::Replace(b"{}".to_vec());
    let (script, of) = ("/dbs/d%20b/colls/c", "dbs/d b/colls/c");
    for (kind, action, name, expected) in [
        (
            ResourceKind::StoredProcedure,
            put(),
            "replace_stored_procedure",
            format!("PUT {script}/sprocs/i%20D sprocs:{of}/sprocs/i D\nif-match: \"e\"\n\n{{}}"),
        ),
        (
            ResourceKind::Trigger,
            ResourceAction::Create(b"{}".to_vec()),
            "create_trigger",
            format!("POST {script}/triggers triggers:{of}\nif-match: \"e\"\n\n{{}}"),
        ),
        (
            ResourceKind::UserDefinedFunction,
            ResourceAction::Delete,
            "delete_user_defined_function",
            format!("DELETE {script}/udfs/i%20D udfs:{of}/udfs/i D\nif-match: \"e\""),
        ),
        (
            ResourceKind::User,
            ResourceAction::Read,
            "read_user",
            "GET /dbs/d%20b/users/i%20D users:dbs/d b/users/i D\nif-match: \"e\"".to_owned(),
        ),
        (
            ResourceKind::Permission,
            put(),
            "replace_permission",
            "PUT /dbs/d%20b/users/c/permissions/i%20D permissions:dbs/d b/users/c/permissions/i D\nif-match: \"e\"\n\n{}"
                .to_owned(),
        ),
    ] {
        let resource = resource(kind, Vec::new());
        assert_eq!(resource.name(&action), name);
        let etag = Some(Precondition::IfMatch("\"e\"".to_owned()));
        let request = resource::request(resource, action, etag).unwrap();
        assert_eq!((said(&request), request.name), (expected, name));
        assert!(!request.is_data_plane());
    }
    let conflict = |key, action| {
        let conflict = resource(ResourceKind::Conflict, key);
        resource::request(conflict, action, None)
    };
    let request = conflict(key(), ResourceAction::Delete).unwrap();
    assert_eq!(
        said(&request),
        "DELETE /dbs/d%20b/colls/c/conflicts/i%20D conflicts:dbs/d b/colls/c/conflicts/i D\nx-ms-documentdb-partitionkey: [\"k\"]"
    );
    let scope = request.scope.unwrap();
    assert_eq!((scope.container, scope.key), (at(), key()));
    assert!(conflict(Vec::new(), ResourceAction::Read).is_err());
    assert!(conflict(key(), put()).is_err());
}

#[test]
fn stored_procedures_run_once() {
    use resource::{ResourceAction, ResourceKind, ResourceRef};
    let run = |kind, key| {
        let id = "p".to_owned();
        let parent = at();
        let procedure = ResourceRef {
            kind,
            parent,
            id,
            key,
        };
        let action = ResourceAction::Execute(b"[1.0, {\"a\":1}]".to_vec());
        assert_eq!(procedure.name(&action), "execute_stored_procedure");
        resource::request(procedure, action, None)
    };
    let request = run(ResourceKind::StoredProcedure, key()).unwrap();
    assert_eq!(
        said(&request),
        "POST /dbs/d%20b/colls/c/sprocs/p sprocs:dbs/d b/colls/c/sprocs/p\nx-ms-documentdb-partitionkey: [\"k\"]\n\n\
         [1.0, {\"a\":1}]"
    );
    assert_eq!(request.class, Class::UnsafeWrite);
    assert_eq!(request.name, "execute_stored_procedure");
    assert!(request.is_data_plane());
    for (kind, key) in [
        (ResourceKind::StoredProcedure, Vec::new()),
        (ResourceKind::Trigger, key()),
        (ResourceKind::Conflict, key()),
        (ResourceKind::User, key()),
    ] {
        assert!(run(kind, key).is_err(), "{kind:?}");
    }
}

#[test]
fn raw_requests() {
    let raw = |method, path: &str, headers: &[(&str, &str)]| RawRequest {
        method,
        path: path.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: Some(b"{}".to_vec()),
    };
    let query = ("X-Ms-DocumentDb-IsQuery", "True");
    let feed = "/dbs/d/colls/c/docs";
    for (request, expected, class) in [
        (
            raw(Method::GET, "/dbs/d/colls/c/docs/a b", &[]),
            "GET /dbs/d/colls/c/docs/a%20b docs:dbs/d/colls/c/docs/a b\n\n{}",
            Class::Read,
        ),
        (
            raw(Method::POST, feed, &[query]),
            "POST /dbs/d/colls/c/docs docs:dbs/d/colls/c\nx-ms-documentdb-isquery: True\n\n{}",
            Class::Read,
        ),
        (
            raw(Method::POST, feed, &[("If-Match", "\"e\"")]),
            "POST /dbs/d/colls/c/docs docs:dbs/d/colls/c\nif-match: \"e\"\n\n{}",
            Class::UnsafeWrite,
        ),
        (
            raw(Method::PUT, "/offers/AbC", &[query]),
            "PUT /offers/AbC offers:abc\nx-ms-documentdb-isquery: True\n\n{}",
            Class::UnsafeWrite,
        ),
    ] {
        let request = raw::request(request).unwrap();
        assert_eq!((said(&request).as_str(), request.class), (expected, class));
        assert_eq!(request.name, "raw_request");
    }
    for (path, headers) in [
        ("dbs/d", &[][..]),
        ("https://elsewhere.example/dbs/d", &[]),
        ("//elsewhere.example/dbs/d", &[]),
        ("/../dbs/d", &[]),
        ("/dbs/d?x=1", &[]),
        ("/dbs/d/docs", &[]),
        ("/dbs/..", &[]),
        ("/dbs/", &[]),
        ("/dbs/d/", &[]),
        ("", &[]),
        ("/dbs/d", &[("Authorization", "x")]),
        ("/dbs/d", &[("x-ms-date", "x")]),
        ("/dbs/d", &[("Content-Length", "1")]),
        ("/dbs/d", &[("a b", "x")]),
        ("/dbs/d", &[("a", "x\ny")]),
    ] {
        let error = raw::request(raw(Method::GET, path, headers)).unwrap_err();
        assert_eq!(
            error.kind,
            crate::core::ErrorKind::InvalidArgument,
            "{path}"
        );
    }
}
