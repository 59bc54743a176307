//! The account that the server plays: what is where, and the answers about it.
//!
//! One database and any number of containers, `c0`, `c1`, …; of `r1000`, say, there are 1000 key ranges. All have the same
//! item.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The database.
pub(crate) const DATABASE: &str = "shop";
/// The container that most is measured with: one key range.
pub(crate) const CONTAINER: &str = "c0";
/// The partition key of everything.
pub(crate) const KEY: &str = "tenant-1";
/// The item that is read.
pub(crate) const ITEM: &str = "item-1";
/// The query that is run: all items of one partition.
pub(crate) const QUERY: &str = "SELECT * FROM c WHERE c.price < 10";
/// How many items a page of it has.
const ROWS: usize = 100;

/// The account's key: the server checks no signatures, but the clients sign.
pub(crate) fn key() -> String {
    BASE64_STANDARD.encode([7; 64])
}

/// An item of a kilobyte.
pub(crate) fn item() -> String {
    item_of(940, ITEM)
}

fn item_of(size: usize, id: &str) -> String {
    let system = r#""_rid":"v0xqANyLLxQBAAAAAAAAAA==","_self":"dbs/v0xqAA==/colls/v0xqANyLLxQ=/docs/v0xqANyLLxQBAAAAAAAAAA==/","_etag":"\"0000d826-0700-0000-0000-6863d4f00000\"","_attachments":"attachments/","_ts":1751373296"#;
    let own = format!(r#""id":"{id}","tenant":"{KEY}","price":9.5,"text":""#);
    let filler = size.saturating_sub(own.len() + system.len());
    format!("{{{own}{}\",{system}}}", "x".repeat(filler))
}

/// A page of a query: 94 KB.
pub(crate) fn page() -> String {
    let rows: Vec<_> = (0..ROWS)
        .map(|row| item_of(940, &format!("item-{row}")))
        .collect();
    let rows = rows.join(",");
    format!(r#"{{"_rid":"v0xqANyLLxQ=","Documents":[{rows}],"_count":{ROWS}}}"#)
}

/// The account, reached at `endpoint`.
pub(crate) fn account(endpoint: &str) -> String {
    let locations = format!(r#"[{{"name":"East US","databaseAccountEndpoint":"{endpoint}"}}]"#);
    format!(
        r#"{{"_self":"","id":"bench","_rid":"bench.documents.azure.com","media":"//media/","addresses":"//addresses/","_dbs":"//dbs/","writableLocations":{locations},"readableLocations":{locations},"enableMultipleWriteLocations":false,"continuousBackupEnabled":false,"enableNRegionSynchronousCommit":false,"enablePerPartitionFailoverBehavior":false,"userReplicationPolicy":{{"asyncReplication":false,"minReplicaSetSize":3,"maxReplicasetSize":4}},"userConsistencyPolicy":{{"defaultConsistencyLevel":"Session"}},"systemReplicationPolicy":{{"minReplicaSetSize":3,"maxReplicasetSize":4}},"readPolicy":{{"primaryReadCoefficient":1,"secondaryReadCoefficient":1}},"queryEngineConfiguration":"{{}}"}}"#
    )
}

/// The database.
pub(crate) fn database() -> String {
    format!(
        r#"{{"id":"{DATABASE}","_rid":"v0xqAA==","_self":"dbs/v0xqAA==/","_etag":"\"0000d726-0700-0000-0000-6863d4e60000\"","_colls":"colls/","_users":"users/","_ts":1751373286}}"#
    )
}

/// A container by its name: each has a resource id of its own.
pub(crate) fn container(name: &str) -> String {
    let rid = rid(name);
    format!(
        r#"{{"id":"{name}","indexingPolicy":{{"indexingMode":"consistent","automatic":true,"includedPaths":[{{"path":"/*"}}],"excludedPaths":[{{"path":"/\"_etag\"/?"}}]}},"partitionKey":{{"paths":["/tenant"],"kind":"Hash","version":2}},"conflictResolutionPolicy":{{"mode":"LastWriterWins","conflictResolutionPath":"/_ts","conflictResolutionProcedure":""}},"geospatialConfig":{{"type":"Geography"}},"_rid":"{rid}","_ts":1751373288,"_self":"dbs/v0xqAA==/colls/{rid}/","_etag":"\"0000d826-0700-0000-0000-6863d4e80000\"","_docs":"docs/","_sprocs":"sprocs/","_triggers":"triggers/","_udfs":"udfs/","_conflicts":"conflicts/"}}"#
    )
}

/// A container's key ranges.
pub(crate) fn ranges(name: &str) -> String {
    let count = match name.strip_prefix('r') {
        Some(_) => number(name).max(1),
        None => 1,
    };
    let step = (0x4000_0000_u32 / count).max(1);
    let bound = |place: u32| match place {
        0 => String::new(),
        _ if place == count => "FF".to_owned(),
        _ => format!("{:08X}{}", place * step, "0".repeat(24)),
    };
    let rid = rid(name);
    let range = |place: u32| {
        let (min, max) = (bound(place), bound(place + 1));
        format!(
            r#"{{"_rid":"{rid}","id":"{place}","_etag":"\"1\"","minInclusive":"{min}","maxExclusive":"{max}","ridPrefix":{place},"_self":"dbs/v0xqAA==/colls/{rid}/pkranges/{place}/","throughputFraction":1,"status":"online","parents":[],"_ts":1751373288,"_lsn":42}}"#
        )
    };
    let all: Vec<_> = (0..count).map(range).collect();
    let all = all.join(",");
    format!(r#"{{"_rid":"{rid}","PartitionKeyRanges":[{all}],"_count":{count}}}"#)
}

/// The plan of [`QUERY`] for clients that ask.
pub(crate) fn plan() -> String {
    let text = QUERY;
    format!(
        r#"{{"partitionedQueryExecutionInfoVersion":2,"queryInfo":{{"distinctType":"None","top":null,"offset":null,"limit":null,"orderBy":[],"orderByExpressions":[],"groupByExpressions":[],"groupByAliases":[],"aggregates":[],"groupByAliasToAggregateType":{{}},"rewrittenQuery":"{text}","hasSelectValue":false,"dCountInfo":null,"hasNonStreamingOrderBy":false}},"queryRanges":[{{"min":"","max":"FF","isMinInclusive":true,"isMaxInclusive":false}}]}}"#
    )
}

fn rid(name: &str) -> String {
    let mut bytes = [0xbf, 0x4c, 0x6a, 0x00, 0x80, 0, 0, 0];
    let number = number(name).to_be_bytes();
    let first = name.bytes().next().unwrap_or_default();
    bytes[4] |= first & 0x0f;
    bytes[5..].copy_from_slice(&number[1..]);
    BASE64_STANDARD.encode(bytes)
}

fn number(name: &str) -> u32 {
    name.get(1..)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
