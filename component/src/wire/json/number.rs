//! Numbers as doubles: the one that is nearest, of two equally near ones the even one.
//!
//! What the service measures, and most of what people write, takes one multiplication or division. The rest is long
//! arithmetic: the standard library's tables would make it faster, and cost the component fourteen kilobytes.

/// Up to here every whole number is a double.
const EXACT: u64 = 1 << 53;

/// Up to here every power of ten is a double.
const EXACT_POWER: u32 = 22;

/// Two neighbouring doubles have a number of at most 767 digits halfway between them, so that later digits count only
/// in that they are there.
const MAX_DIGITS: i32 = 770;

/// The largest power of ten that a limb holds, and how many zeros it has.
const BILLION: u64 = 1_000_000_000;
const ZEROS: i32 = 9;

/// Limbs, the lowest one first, the highest one not zero.
type Limbs = Vec<u32>;

/// A number's value, exactly. None if it is no number, or too large.
pub fn number(text: &str) -> Option<f64> {
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', unsigned @ ..] => (true, unsigned),
        unsigned => (false, unsigned),
    };
    let mut parts = unsigned.splitn(2, |byte| matches!(byte, b'e' | b'E'));
    let digits = parts.next()?;
    let exponent = parts.next().map_or(Some(0), power)?;
    let (mut mantissa, mut scale, mut point) = (0_u64, exponent, false);
    for byte in digits {
        if *byte == b'.' && !point {
            point = true;
            continue;
        }
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        // What does not fit stays beyond what is exact.
        if mantissa <= EXACT {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(digit.into());
        }
        scale = scale.saturating_sub(point.into());
    }
    digits
        .last()
        .is_some_and(u8::is_ascii_digit)
        .then_some(())?;
    let number = if mantissa == 0 {
        0.0
    } else if mantissa <= EXACT && scale.unsigned_abs() <= EXACT_POWER {
        scaled(mantissa as f64, scale)
    } else {
        nearest(digits, exponent)
    };
    let number = if negative { -number } else { number };
    number.is_finite().then_some(number)
}

/// The number after an `e`, held within what `i32` takes. None if there is none.
pub(in crate::wire) fn power(json: &[u8]) -> Option<i32> {
    let (negative, digits) = match json {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut power = 0_i32;
    for digit in digits {
        let digit = i32::from(digit.wrapping_sub(b'0'));
        power = power.saturating_mul(10).saturating_add(digit);
    }
    Some(if negative {
        power.saturating_neg()
    } else {
        power
    })
}

/// Exact operands, so that the result is the nearest double.
fn scaled(mantissa: f64, scale: i32) -> f64 {
    let mut power = 1.0;
    for _ in 0..scale.unsigned_abs() {
        power *= 10.0;
    }
    if scale < 0 {
        mantissa / power
    } else {
        mantissa * power
    }
}

/// The nearest double to a decimal number that is not zero.
#[cold]
fn nearest(digits: &[u8], exponent: i32) -> f64 {
    let mut limbs = Limbs::new();
    let (mut scale, mut kept, mut point, mut rest) = (exponent, 0_i32, false, false);
    for byte in digits {
        let Some(digit) = byte.checked_sub(b'0') else {
            point = true;
            continue;
        };
        if kept < MAX_DIGITS {
            multiply(&mut limbs, 10, digit.into());
            kept = kept.saturating_add((!limbs.is_empty()).into());
            scale = scale.saturating_sub(point.into());
        } else {
            rest |= digit != 0;
            scale = scale.saturating_add((!point).into());
        }
    }
    // Whether it is below a tenth of the smallest double, or above the largest.
    match scale.saturating_add(kept) {
        ..-323 => return 0.0,
        310.. => return f64::INFINITY,
        _ => {}
    }
    for _ in 0..scale.rem_euclid(ZEROS) {
        multiply(&mut limbs, 10, 0);
    }
    let billions = scale.div_euclid(ZEROS);
    for _ in 0..billions {
        multiply(&mut limbs, BILLION, 0);
    }
    let mut fraction = 0;
    if billions < 0 {
        // So many limbs behind the point leave 64 bits of the quotient.
        fraction = billions.unsigned_abs().saturating_add(2);
        let mut longer = vec![0; fraction as usize];
        longer.append(&mut limbs);
        limbs = longer;
    }
    for _ in billions..0 {
        rest |= divide(&mut limbs);
    }
    rounded(&limbs, fraction, rest)
}

fn multiply(limbs: &mut Limbs, factor: u64, mut carry: u64) {
    for limb in limbs.iter_mut() {
        carry = carry.wrapping_add(u64::from(*limb).wrapping_mul(factor));
        *limb = carry as u32;
        carry >>= 32;
    }
    if carry > 0 {
        limbs.push(carry as u32);
    }
}

/// Divides by a billion. Whether something is left over?
fn divide(limbs: &mut Limbs) -> bool {
    let mut rest = 0_u64;
    for limb in limbs.iter_mut().rev() {
        rest = rest << 32 | u64::from(*limb);
        *limb = (rest / BILLION) as u32;
        rest %= BILLION;
    }
    if limbs.last() == Some(&0) {
        limbs.pop();
    }
    rest > 0
}

/// The nearest double to `limbs` with its last `fraction` limbs behind the point, and perhaps a little more.
fn rounded(limbs: &[u32], fraction: u32, more: bool) -> f64 {
    let mut lower = limbs.iter().rev().copied();
    let mut next = || u64::from(lower.next().unwrap_or(0));
    let (first, second, third) = (next(), next(), next());
    let zeros = first.leading_zeros().saturating_sub(32);
    let third = third << zeros;
    let mut top = (first << 32 | second) << zeros | third >> 32;
    let more = more || third as u32 != 0 || lower.any(|limb| limb != 0);
    top |= u64::from(more);
    // The power of two of the highest bit, and how many bits are beyond what a double has from there on.
    let whole = (limbs.len() as i32).saturating_sub_unsigned(fraction);
    let power = whole
        .saturating_mul(32)
        .saturating_sub_unsigned(zeros.saturating_add(1));
    let lost = 64_i32.saturating_sub(power.saturating_add(1075).clamp(-1, 53)) as u32;
    let kept = top.checked_shr(lost).unwrap_or(0);
    let rest = top.wrapping_sub(kept.checked_shl(lost).unwrap_or(0));
    let half = 1_u64
        .checked_shl(lost.saturating_sub(1))
        .unwrap_or(u64::MAX);
    let up = rest > half || (rest == half && kept & 1 == 1);
    // The highest bit of `kept` is not stored, but counts up the exponent, unless the number is below the normal ones. So
    // does a carry, up to what is not finite.
    let exponent = power.saturating_add(1022).clamp(0, 2046) as u64;
    f64::from_bits(
        (exponent << 52)
            .saturating_add(kept)
            .saturating_add(up.into()),
    )
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod tests;
