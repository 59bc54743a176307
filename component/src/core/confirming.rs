//! Which answers show that a region does its work (spec driver-core §4.7).

/// Whether an answer confirms its region: it handled the request, whatever the outcome. What an operation learned about
/// other regions on its way there becomes permanent then.
///
/// Not confirming are the answers that send a request elsewhere or again: 408, 410, 449, 503, 429 with sub-status 3092,
/// 403 with sub-status 3 or 1008. A request without an answer confirms nothing either.
pub fn region_confirming(status: u16, sub_status: Option<u32>) -> bool {
    !matches!(
        (status, sub_status),
        (408 | 410 | 449 | 503, _) | (429, Some(3092)) | (403, Some(3 | 1008))
    )
}

#[cfg(test)]
mod tests {
    use super::region_confirming;

    #[test]
    fn answers_that_confirm_their_region() {
        for (status, sub_status, expected) in [
            (200, None, true),
            (201, Some(0), true),
            (304, None, true),
            (400, Some(1001), true),
            (401, None, true),
            (403, None, true),
            (403, Some(3), false),
            (403, Some(1008), false),
            (403, Some(5300), true),
            (404, None, true),
            (404, Some(3), true),
            (404, Some(1002), true),
            (408, None, false),
            (408, Some(20_008), false),
            (409, None, true),
            (410, None, false),
            (410, Some(1022), false),
            (412, None, true),
            (429, None, true),
            (429, Some(3200), true),
            (429, Some(3092), false),
            (449, None, false),
            (500, None, true),
            (503, None, false),
            (503, Some(20_003), false),
        ] {
            assert_eq!(
                region_confirming(status, sub_status),
                expected,
                "{status}/{sub_status:?}"
            );
        }
    }
}
