use crate::engine::testing::*;
#[test]
fn profile_warm() {
    let document = account(&["east"], false, "");
    let sim = Sim::new(move |seen| metadata(seen, &document).unwrap_or_else(|| {
        let mut r = Reply::status(200, 0).with("x-ms-session-token","0:1#100#1=20").with("x-ms-activity-id","aaa").with("x-ms-request-charge","1").with("etag","e");
        for i in 0..20 { r = r.with(["x-ms-a","x-ms-bb","x-ms-ccc","lsn","x-ms-ddddd"][i%5], "value-of-some-length"); }
        r
    }));
    let driver = sim.open(|_| {});
    for _ in 0..std::env::var("N").unwrap().parse::<u32>().unwrap() { sim.execute(&driver, read()).unwrap(); sim.seen(); }
}
