use super::super::super::testing::Random;
use super::*;

const ROUNDS: usize = 30_000;

/// The standard library is the judge.
fn check(text: &str) {
    let exact = text.parse().ok().filter(|number: &f64| number.is_finite());
    let ours = number(text);
    assert_eq!(ours.map(f64::to_bits), exact.map(f64::to_bits), "{text}");
}

#[test]
fn numbers_on_the_edges() {
    for text in [
        "0",
        "-0",
        "-0.0e5",
        "0e999",
        "0e99999999999",
        "1",
        "2.83",
        "10.67",
        "5E-1",
        "1e22",
        "1e23",
        "9007199254740992",
        "9007199254740993",
        "9007199254740995",
        "90071992547409925",
        "9007199254740992000000000000000000000",
        "0.30000000000000004",
        "0.000000000000000000000000000000001e33",
        "123456789012345678901234567890",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e308",
        "1e309",
        "1e999",
        "1e99999999999",
        "1e-99999999999",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-323",
        "1e-324",
        "-1e-400",
    ] {
        check(text);
    }
    check(&format!("1{}", "0".repeat(308)));
    check(&format!("1{}", "0".repeat(100_000)));
    check(&format!("0.{}1", "0".repeat(100_000)));
    check(&format!("{}e-100000", "7".repeat(100_000)));
    for text in [
        "\"1\"", "true", "null", "[1]", "", "-", ".", "1.2.3", "+1", "1e", "e1", "1e+", "0x1",
        "1 ", "1.", "--1", "NaN", "inf", "infinity", "1:", "1/",
    ] {
        assert_eq!(number(text), None, "{text}");
    }
}

fn digits(random: &mut Random, count: usize) -> String {
    (0..count)
        .map(|_| char::from(b'0' + random.below(10) as u8))
        .collect()
}

/// The decimal digits of the number halfway between a double and the next one, exactly.
fn halfway(bits: u64) -> String {
    let number = f64::from_bits(bits);
    let next = f64::from_bits(bits + 1);
    let (one, other) = (format!("{number:.1100}"), format!("{next:.1100}"));
    let mut sum = Vec::new();
    let mut carry = 0;
    for (one, other) in one.bytes().rev().zip(other.bytes().rev()) {
        if one == b'.' {
            sum.push(b'.');
            continue;
        }
        let digit = one - b'0' + other - b'0' + carry;
        sum.push(b'0' + digit % 10);
        carry = digit / 10;
    }
    if carry > 0 {
        sum.push(b'1');
    }
    sum.reverse();
    // The sum of the two, halved.
    let mut rest = 0;
    for digit in sum.iter_mut().filter(|digit| **digit != b'.') {
        let value = rest * 10 + *digit - b'0';
        *digit = b'0' + value / 2;
        rest = value % 2;
    }
    sum.extend((rest > 0).then_some(b'5'));
    let text = String::from_utf8(sum).unwrap();
    let text = text.trim_start_matches('0').trim_end_matches('0');
    let text = text.trim_end_matches('.');
    if text.starts_with('.') || text.is_empty() {
        format!("0{text}")
    } else {
        text.to_owned()
    }
}

#[test]
fn it_agrees_with_the_standard_library_property() {
    let mut random = Random::new(11);
    let mut cases = 0;
    for round in 0..ROUNDS {
        let bits = random.next();
        let double = f64::from_bits(bits);
        if double.is_finite() {
            check(ryu::Buffer::new().format_finite(double));
            check(&format!("{double:e}"));
            check(&format!("{double:.*e}", 1 + random.below(25)));
            cases += 3;
        }
        // Below the normal numbers.
        check(&format!(
            "{:e}",
            f64::from_bits(bits & (1 << 63 | 0xf_ffff_ffff_ffff) >> random.below(50))
        ));
        let (before, after) = (1 + random.below(20), 1 + random.below(20));
        let (whole, part) = (digits(&mut random, before), digits(&mut random, after));
        let power = random.below(700) as i32 - 350;
        check(&whole);
        check(&format!("-{whole}.{part}"));
        check(&format!("{whole}.{part}e{power}"));
        check(&format!("{whole}E{:+}", power / 10));
        cases += 5;
        if round % 64 == 0 {
            cases += long(&mut random);
        }
    }
    println!("numbers: {cases} cases");
}

/// Texts of many digits: exactly halfway between two doubles, a little less, a little more, and any.
fn long(random: &mut Random) -> usize {
    // From far below the point, where halves have many digits, to the smallest whole numbers and beyond.
    let bits = random.next() % 0x7fe0_0000_0000_0000;
    let bits = if random.below(4) == 0 {
        bits >> random.below(60)
    } else {
        bits
    };
    let half = halfway(bits);
    check(&half);
    let point = if half.contains('.') { "" } else { "." };
    check(&format!("{half}{point}{}1", "0".repeat(random.below(900))));
    if let Some(shorter) = half.strip_suffix('5') {
        check(&format!("{shorter}4{}", "9".repeat(random.below(900))));
    }
    let count = 1 + random.below(1500);
    let any = digits(random, count);
    check(&format!("{any}e-{}", random.below(1500 + 330)));
    check(&format!("0.{any}e{}", random.below(400)));
    5
}
