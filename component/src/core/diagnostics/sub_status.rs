//! Names of sub-statuses (spec driver-core §4.8).

/// What a sub-status is called. It has a meaning only together with its status.
pub fn name(status: u16, sub_status: u32) -> Option<&'static str> {
    Some(match (status, sub_status) {
        (400, 1001) => "PartitionKeyMismatch",
        (400, 1004) => "CrossPartitionQueryNotServable",
        (400, 1024) => "CollectionRidMismatch",
        (401, 5000) => "MissingAuthHeader",
        (401, 5006) => "AadTokenExpired",
        (401, 5202) => "LocalAuthDisabled",
        (403, 3) => "WriteForbidden",
        (403, 1008) => "DatabaseAccountNotFound",
        (403, 5300) => "RbacOperationNotSupported",
        (404, 1002) => "ReadSessionNotAvailable",
        (404, 1003) => "OwnerResourceNotFound",
        (404, 1013) => "CollectionCreateInProgress",
        (408, 20008) => "ClientOperationTimeout",
        (410, 1000) => "NameCacheStale",
        (410, 1002) => "PartitionKeyRangeGone",
        (410, 1007) => "CompletingSplit",
        (410, 1008) => "CompletingPartitionMigration",
        (410, 1022) => "LeaseNotFound",
        (429, 3088) => "ThrottleDueToSplit",
        (429, 3092) => "SystemResourceUnavailable",
        (429, 3200) => "RUBudgetExceeded",
        (429, 3201) => "GatewayThrottled",
        (429, 3210) => "RUBudgetExceededForMaster",
        (429, 3212) => "ThroughputBucketLimitExhausted",
        (429, 3214) => "HotPartitionKeyThrottled",
        (503, 20003) => "TransportGenerated503",
        _ => return None,
    })
}
