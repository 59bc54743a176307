use super::super::epk::KeyHash;
use super::super::epk_range::EpkRange;
use super::super::testing::Random;
use super::*;

mod coverage;

const V2: KeyShape = KeyShape {
    hash: KeyHash::V2,
    paths: 1,
};
const V1: KeyShape = KeyShape {
    hash: KeyHash::V1,
    paths: 1,
};
const TWO: KeyShape = KeyShape {
    hash: KeyHash::Multi,
    paths: 2,
};

fn info(members: &str) -> Result<QueryInfo, Malformed> {
    let body = format!(r#"{{"queryInfo":{{{members}}}}}"#);
    parse(body.as_bytes(), V2).map(|plan| match plan.work {
        Work::Query(info) => info,
        Work::Hybrid(info) => panic!("{info:?}"),
    })
}

fn coverage(ranges: &str, keys: KeyShape) -> Result<Coverage, Malformed> {
    let body = format!(r#"{{"queryInfo":{{}},"queryRanges":{ranges}}}"#);
    parse(body.as_bytes(), keys).map(|plan| plan.coverage)
}

#[test]
fn reads_the_documented_shape() {
    let plan = parse(
        br#"{"partitionedQueryExecutionInfoVersion":2,
            "queryInfo":{"distinctType":"Ordered","top":10,"offset":1,"limit":2,
                "orderBy":["Ascending","Descending"],"orderByExpressions":["c.a","c.b"],
                "groupByExpressions":["c.team"],"groupByAliases":["team","n"],
                "aggregates":["Count","Sum","Average","Min","Max","CountIf","MakeList","MakeSet"],
                "groupByAliasToAggregateType":{"team":null,"n":"Count"},
                "rewrittenQuery":"SELECT 1 WHERE ({documentdb-formattableorderbyquery-filter})",
                "hasSelectValue":true,"hasNonStreamingOrderBy":false,
                "dCountInfo":{"dCountAlias":"x"},"embeddingParameterMap":{},"new":[1]},
            "queryRanges":[{"min":"","max":"FF","isMinInclusive":true,"isMaxInclusive":false}],
            "hybridSearchQueryInfo":null,"other":{}}"#,
        V2,
    )
    .unwrap();
    let Work::Query(info) = plan.work else {
        panic!("{plan:?}")
    };
    let expected = QueryInfo {
        distinct: Distinct::Ordered,
        top: Some(10),
        offset: Some(1),
        limit: Some(2),
        order_by: vec![Direction::Ascending, Direction::Descending],
        order_by_expressions: vec!["c.a".to_owned(), "c.b".to_owned()],
        group_by_expressions: vec!["c.team".to_owned()],
        group_by_aliases: vec!["team".to_owned(), "n".to_owned()],
        aggregates: vec![
            Aggregate::Count,
            Aggregate::Sum,
            Aggregate::Average,
            Aggregate::Min,
            Aggregate::Max,
            Aggregate::CountIf,
            Aggregate::MakeList,
            Aggregate::MakeSet,
        ],
        alias_aggregates: vec![
            ("team".to_owned(), None),
            ("n".to_owned(), Some(Aggregate::Count)),
        ],
        rewritten_query: Some(
            "SELECT 1 WHERE ({documentdb-formattableorderbyquery-filter})".to_owned(),
        ),
        has_select_value: true,
        has_non_streaming_order_by: false,
        dcount_alias: Some("x".to_owned()),
    };
    assert_eq!(info, expected);
    assert_eq!(info.text("q"), "SELECT 1 WHERE (true)");
    assert_eq!(plan.coverage, Coverage::Ranges(vec![EpkRange::ALL]));
}

#[test]
fn everything_is_optional_and_null_is_absent() {
    let nulls = [
        "distinctType",
        "top",
        "offset",
        "limit",
        "orderBy",
        "orderByExpressions",
        "groupByExpressions",
        "groupByAliases",
        "aggregates",
        "groupByAliasToAggregateType",
        "rewrittenQuery",
        "hasSelectValue",
        "hasNonStreamingOrderBy",
        "dCountInfo",
        "embeddingParameterMap",
    ];
    let nulls: Vec<_> = nulls
        .iter()
        .map(|name| format!("\"{name}\":null"))
        .collect();
    for members in ["", "\"rewrittenQuery\":\"\"", &nulls.join(",")] {
        let info = info(members).unwrap();
        assert_eq!(info, QueryInfo::default(), "{members}");
        assert_eq!(info.text(FILTER_PLACEHOLDER), FILTER_PLACEHOLDER);
        assert_eq!(info.take(), None);
    }
    // Without VALUE the count of distinct rows has no name.
    for members in ["", "\"dCountAlias\":\"\"", "\"dCountAlias\":null"] {
        let info = info(&format!("\"dCountInfo\":{{{members}}}")).unwrap();
        assert_eq!(info.dcount_alias.as_deref(), Some(""));
    }
}

#[test]
fn booleans_may_be_numbers() {
    for (text, expected) in [
        ("true", Ok(true)),
        ("1", Ok(true)),
        ("false", Ok(false)),
        ("0", Ok(false)),
        ("2", Err(Malformed("hasSelectValue"))),
        ("\"true\"", Err(Malformed("hasSelectValue"))),
    ] {
        let read = info(&format!("\"hasSelectValue\":{text}"));
        assert_eq!(read.map(|info| info.has_select_value), expected, "{text}");
        let read = info(&format!("\"hasNonStreamingOrderBy\":{text}"));
        assert_eq!(
            read.ok().map(|info| info.has_non_streaming_order_by),
            expected.ok()
        );
    }
}

#[test]
fn the_smaller_of_top_and_limit_counts() {
    for (members, expected) in [
        ("\"top\":3,\"limit\":2", Some(2)),
        ("\"top\":1,\"limit\":2", Some(1)),
        ("\"top\":0", Some(0)),
        ("\"limit\":18446744073709551615", Some(u64::MAX)),
        ("\"offset\":7", None),
    ] {
        assert_eq!(info(members).unwrap().take(), expected, "{members}");
    }
}

#[test]
fn what_is_not_understood_is_named() {
    for (members, what) in [
        ("\"distinctType\":\"Other\"", "distinctType"),
        ("\"top\":-1", "top"),
        ("\"top\":1.5", "top"),
        ("\"offset\":\"1\"", "offset"),
        ("\"limit\":18446744073709551616", "limit"),
        ("\"orderBy\":[\"Up\"]", "orderBy"),
        ("\"orderBy\":{}", "orderBy"),
        ("\"orderByExpressions\":[1]", "orderByExpressions"),
        ("\"groupByExpressions\":\"c\"", "groupByExpressions"),
        ("\"groupByAliases\":[null]", "groupByAliases"),
        ("\"aggregates\":[\"Median\"]", "aggregates"),
        (
            "\"groupByAliasToAggregateType\":{\"a\":\"Median\"}",
            "groupByAliasToAggregateType",
        ),
        (
            "\"groupByAliasToAggregateType\":[]",
            "groupByAliasToAggregateType",
        ),
        ("\"rewrittenQuery\":1", "rewrittenQuery"),
        ("\"dCountInfo\":1", "dCountInfo"),
        ("\"dCountInfo\":{\"dCountAlias\":1}", "dCountAlias"),
        (
            "\"embeddingParameterMap\":{\"@p\":1}",
            "embeddingParameterMap",
        ),
    ] {
        assert_eq!(info(members), Err(Malformed(what)), "{members}");
    }
    for (body, what) in [
        ("", "JSON"),
        ("[]", "JSON"),
        ("{\"queryInfo\":{}", "JSON"),
        ("{}", "queryInfo"),
        (
            "{\"queryInfo\":null,\"hybridSearchQueryInfo\":null}",
            "queryInfo",
        ),
        ("{\"queryInfo\":[]}", "queryInfo"),
        (
            "{\"queryInfo\":{},\"hybridSearchQueryInfo\":{}}",
            "queryInfo",
        ),
        ("{\"hybridSearchQueryInfo\":[]}", "hybridSearchQueryInfo"),
        (
            "{\"hybridSearchQueryInfo\":{\"componentQueryInfos\":[{}]}}",
            "take",
        ),
        (
            "{\"hybridSearchQueryInfo\":{\"take\":1}}",
            "componentQueryInfos",
        ),
        (
            "{\"hybridSearchQueryInfo\":{\"take\":1,\"componentQueryInfos\":[{}],\"requiresGlobalStatistics\":1}}",
            "globalStatisticsQuery",
        ),
        (
            "{\"hybridSearchQueryInfo\":{\"take\":1,\"componentQueryInfos\":[{}],\"componentWeights\":[1e999]}}",
            "componentWeights",
        ),
        (
            "{\"hybridSearchQueryInfo\":{\"take\":1,\"componentQueryInfos\":[{\"top\":-1}]}}",
            "top",
        ),
    ] {
        assert_eq!(parse(body.as_bytes(), V2), Err(Malformed(what)), "{body}");
    }
    assert!(Malformed("top").to_string().contains("its top is"));
}

#[test]
fn hybrid_searches_have_components() {
    let read = |more: &str| {
        let body = format!(
            r#"{{"queryInfo":null,"hybridSearchQueryInfo":{{"globalStatisticsQuery":"SELECT COUNT(1)",
                "componentQueryInfos":[{{"orderBy":["Descending"],"hasNonStreamingOrderBy":1}},{{"top":5}}],
                "componentWithoutPayloadQueryInfos":[],"projectionQueryInfo":null,
                "componentWeights":[1.0,-0.5],"take":10{more}}}}}"#
        );
        match parse(body.as_bytes(), V2).unwrap().work {
            Work::Hybrid(info) => info,
            Work::Query(info) => panic!("{info:?}"),
        }
    };
    let info = read(r#","skip":3,"requiresGlobalStatistics":true"#);
    assert_eq!(
        info.global_statistics_query.as_deref(),
        Some("SELECT COUNT(1)")
    );
    assert_eq!(info.components.len(), 2);
    assert_eq!(info.components[0].order_by, [Direction::Descending]);
    assert!(info.components[0].has_non_streaming_order_by);
    assert_eq!(info.components[1].top, Some(5));
    assert_eq!(info.weights, [1.0, -0.5]);
    assert_eq!((info.skip, info.take), (3, 10));
    let info = read("");
    assert_eq!((info.skip, info.global_statistics_query), (0, None));
}

#[test]
fn features_are_those_of_the_driver() {
    let features: Vec<_> = SUPPORTED_FEATURES.split(',').collect();
    assert_eq!(features.len(), 15);
    assert!(features.contains(&"ListAndSetAggregate"));
    assert!(
        features
            .iter()
            .all(|name| name.bytes().all(|b| b.is_ascii_alphabetic()))
    );
    assert!(!features.contains(&"HybridSearchSkipOrderByRewrite"));
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
        "\"queryInfo\"",
        "\"queryRanges\"",
        "\"hybridSearchQueryInfo\"",
        "\"min\"",
        "\"max\"",
        "\"type\"",
        "\"Infinity\"",
        "\"\"",
        "\"FF\"",
        "null",
        "1",
        "{}",
        "[]",
        "\"orderBy\"",
    ];
    let mut random = Random::new(21);
    for _ in 0..4000 {
        let _ = parse(random.text(&pieces, 30).as_bytes(), TWO);
        let _ = coverage(&random.text(&pieces, 16), V1);
        let _ = parse(&random.bytes(30), V2);
    }
}
