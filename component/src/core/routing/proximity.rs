//! Preferred regions from the one that the application runs in: the nearest first (spec driver-core §3.5).

/// The Azure regions of one cloud by distance from one of them, itself first; canonical names. Empty if that region is
/// unknown.
///
/// Only an order of preference: regions that the account does not have are ignored, and those unknown here come last, in
/// the account's order.
pub fn by_distance(region: &str) -> Vec<&'static str> {
    let Some(from) = REGIONS.iter().find(|known| known.name == region) else {
        return Vec::new();
    };
    let mut sorted = Vec::with_capacity(REGIONS.len());
    sorted.push((0, from.name));
    for to in &REGIONS {
        if to.name == from.name || cloud(to.name) != cloud(from.name) {
            continue;
        }
        let distance = from.distance(to);
        let farther = sorted.iter().position(|(known, _)| *known > distance);
        sorted.insert(farther.unwrap_or(sorted.len()), (distance, to.name));
    }
    sorted.into_iter().map(|(_, name)| name).collect()
}

/// An account lives in one cloud: the public one, or a sovereign one.
fn cloud(region: &str) -> Cloud {
    if region.starts_with("china") {
        Cloud::China
    } else if region.starts_with("usgov") || region.starts_with("usdod") {
        Cloud::UsGovernment
    } else {
        Cloud::Public
    }
}

#[derive(PartialEq, Eq)]
enum Cloud {
    Public,
    China,
    UsGovernment,
}

/// A region and its place: the unit vector from the earth's centre, in units of 1/16384 (0.4 km).
struct Region {
    name: &'static str,
    place: [i16; 3],
}

impl Region {
    /// The square of the straight line through the earth, at most (2 · 16384)²: it grows with the distance on the ground.
    fn distance(&self, to: &Self) -> u32 {
        let mut sum = 0_u32;
        for (from, to) in self.place.iter().zip(to.place) {
            let difference = u32::from(from.abs_diff(to));
            sum = sum.saturating_add(difference.saturating_mul(difference));
        }
        sum
    }
}

/// A region by the latitude and longitude of its city or state, in degrees, north and east positive.
const fn at(name: &'static str, latitude: f64, longitude: f64) -> Region {
    let around = cosine(latitude);
    let place = [
        scaled(around * cosine(longitude)),
        scaled(around * sine(longitude)),
        scaled(sine(latitude)),
    ];
    Region { name, place }
}

const fn scaled(coordinate: f64) -> i16 {
    (coordinate * 16384.0).round() as i16
}

const fn cosine(degrees: f64) -> f64 {
    sine(degrees + 90.0)
}

/// The Taylor series, exact to eight digits up to 270°; at compile time there is no other sine.
const fn sine(degrees: f64) -> f64 {
    let x = degrees.to_radians();
    let (mut sum, mut term, mut n) = (x, x, 1.0);
    while n < 30.0 {
        term *= -x * x / ((n + 1.0) * (n + 2.0));
        sum += term;
        n += 2.0;
    }
    sum
}

/// Computed at compile time: the component holds the vectors alone.
static REGIONS: [Region; 78] = [
    at("australiacentral", -35.3, 149.1),
    at("australiacentral2", -35.3, 149.1),
    at("australiaeast", -33.9, 151.2),
    at("australiasoutheast", -37.8, 145.0),
    at("austriaeast", 48.2, 16.4),
    at("belgiumcentral", 50.8, 4.4),
    at("brazilsouth", -23.6, -46.6),
    at("brazilsoutheast", -22.9, -43.2),
    at("canadacentral", 43.7, -79.4),
    at("canadaeast", 46.8, -71.2),
    at("centralindia", 18.6, 73.9),
    at("centralus", 41.6, -93.6),
    at("chilecentral", -33.4, -70.7),
    at("chinaeast", 31.2, 121.5),
    at("chinaeast2", 31.2, 121.5),
    at("chinaeast3", 31.2, 121.5),
    at("chinanorth", 39.9, 116.4),
    at("chinanorth2", 39.9, 116.4),
    at("chinanorth3", 40.8, 114.9),
    at("denmarkeast", 55.7, 12.6),
    at("eastasia", 22.3, 114.2),
    at("eastus", 37.4, -79.8),
    at("eastus2", 36.7, -78.4),
    at("eastus3", 33.8, -84.4),
    at("francecentral", 48.9, 2.4),
    at("francesouth", 43.3, 5.4),
    at("germanynorth", 53.1, 8.8),
    at("germanywestcentral", 50.1, 8.7),
    at("indiasouthcentral", 17.4, 78.5),
    at("indonesiacentral", -6.2, 106.8),
    at("israelcentral", 32.1, 34.8),
    at("israelnorthwest", 32.8, 35.0),
    at("italynorth", 45.5, 9.2),
    at("japaneast", 35.7, 139.8),
    at("japanwest", 34.7, 135.5),
    at("jioindiacentral", 21.1, 79.1),
    at("jioindiawest", 22.5, 70.1),
    at("koreacentral", 37.6, 127.0),
    at("koreasouth", 35.2, 129.1),
    at("malaysiasouth", 1.5, 103.7),
    at("malaysiawest", 3.1, 101.7),
    at("mexicocentral", 20.6, -100.4),
    at("newzealandnorth", -36.8, 174.8),
    at("northcentralus", 41.9, -87.6),
    at("northeurope", 53.3, -6.3),
    at("norwayeast", 59.9, 10.8),
    at("norwaywest", 59.0, 5.7),
    at("polandcentral", 52.2, 21.0),
    at("qatarcentral", 25.6, 51.4),
    at("southafricanorth", -25.7, 28.2),
    at("southafricawest", -34.1, 18.8),
    at("southcentralus", 29.4, -98.5),
    at("southeastasia", 1.3, 103.8),
    at("southindia", 13.0, 80.2),
    at("spaincentral", 40.4, -3.7),
    at("swedencentral", 60.7, 17.1),
    at("swedensouth", 55.6, 13.0),
    at("switzerlandnorth", 47.5, 8.6),
    at("switzerlandwest", 46.2, 6.1),
    at("taiwannorth", 25.0, 121.6),
    at("taiwannorthwest", 24.8, 121.0),
    at("uaecentral", 24.5, 54.4),
    at("uaenorth", 25.3, 55.3),
    at("uknorth", 54.6, -1.2),
    at("uksouth", 51.5, -0.1),
    at("ukwest", 51.5, -3.2),
    at("usdodcentral", 41.6, -93.6),
    at("usdodeast", 36.7, -78.4),
    at("usgovarizona", 33.4, -112.1),
    at("usgoviowa", 41.6, -93.6),
    at("usgovtexas", 29.4, -98.5),
    at("usgovvirginia", 37.4, -78.4),
    at("westcentralus", 41.1, -104.8),
    at("westeurope", 52.4, 4.9),
    at("westindia", 19.1, 72.9),
    at("westus", 37.8, -122.4),
    at("westus2", 47.2, -119.9),
    at("westus3", 33.4, -112.1),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kilometres(from: &str, to: &str) -> f64 {
        let find = |name| REGIONS.iter().find(|known| known.name == name).unwrap();
        let line = f64::from(find(from).distance(find(to))).sqrt() / 16384.0;
        2.0 * (line / 2.0).asin() * 6371.0
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        for (from, to, expected) in [
            ("eastus", "eastus", 0.0),
            ("uksouth", "francecentral", 339.4),
            ("westus", "eastus2", 3860.0),
            ("westeurope", "southeastasia", 10_495.0),
            // Across the date line, and nearly to the other side.
            ("newzealandnorth", "westus", 10_505.0),
            ("newzealandnorth", "spaincentral", 19_594.0),
        ] {
            let found = kilometres(from, to);
            assert!(
                (found - expected).abs() <= 0.002 * expected,
                "{from} {to}: {found}"
            );
            assert_eq!(found, kilometres(to, from));
        }
    }

    #[test]
    fn the_vectors_have_one_length() {
        for region in &REGIONS {
            let [x, y, z] = region.place.map(f64::from);
            let length = (x * x + y * y + z * z).sqrt();
            assert!((length - 16384.0).abs() < 2.0, "{}: {length}", region.name);
        }
    }

    #[test]
    fn names_are_canonical_sorted_and_unique() {
        for pair in REGIONS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
        }
        for region in &REGIONS {
            assert_eq!(crate::wire::region::canonical(region.name), region.name);
        }
    }

    #[test]
    fn the_nearest_come_first() {
        for (region, expected) in [
            ("eastus", &["eastus", "eastus2", "eastus3"][..]),
            (
                "australiacentral2",
                &["australiacentral2", "australiacentral", "australiaeast"],
            ),
            (
                "westeurope",
                &["westeurope", "belgiumcentral", "germanynorth"],
            ),
            ("japaneast", &["japaneast", "japanwest", "koreasouth"]),
            (
                "southeastasia",
                &["southeastasia", "malaysiasouth", "malaysiawest"],
            ),
            (
                "usgovarizona",
                &["usgovarizona", "usgovtexas", "usdodcentral"],
            ),
        ] {
            assert_eq!(by_distance(region)[..expected.len()], *expected);
        }
        let order = by_distance("westeurope");
        let rank = |name: &str| order.iter().position(|known| *known == name).unwrap();
        for near in [
            "germanywestcentral",
            "francecentral",
            "uksouth",
            "northeurope",
        ] {
            assert!(
                rank(near) < rank("eastus") && rank("eastus") < rank("brazilsouth"),
                "{near}"
            );
        }
    }

    #[test]
    fn each_region_of_the_cloud_comes_once() {
        for region in &REGIONS {
            let mut order = by_distance(region.name);
            assert_eq!(order[0], region.name);
            order.sort_unstable();
            let cloud: Vec<&str> = REGIONS
                .iter()
                .map(|known| known.name)
                .filter(|name| cloud(name) == cloud(region.name))
                .collect();
            assert_eq!(order, cloud);
        }
        assert_eq!(by_distance("eastus").len(), 66);
        assert_eq!(
            by_distance("chinanorth3"),
            [
                "chinanorth3",
                "chinanorth",
                "chinanorth2",
                "chinaeast",
                "chinaeast2",
                "chinaeast3"
            ]
        );
        for unknown in ["", "mars", "East US"] {
            assert!(by_distance(unknown).is_empty());
        }
    }
}
