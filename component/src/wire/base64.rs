//! Base64 (RFC 4648) in its two forms. A general implementation costs the component seven kilobytes.

/// The letters, and whether `=` fills up the last group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `+` and `/`, filled up.
    Standard,
    /// `-` and `_`, not filled up.
    Url,
}

static STANDARD: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static URL: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The text of these bytes.
pub fn encode(form: Form, bytes: &[u8]) -> String {
    let letters = if form == Form::Url { &URL } else { &STANDARD };
    let (groups, rest) = bytes.as_chunks::<3>();
    let mut text = vec![b'='; bytes.len().div_ceil(3).saturating_mul(4)];
    let (quartets, _) = text.as_chunks_mut::<4>();
    let mut quartets = quartets.iter_mut();
    for (group, quartet) in groups.iter().zip(quartets.by_ref()) {
        *quartet = letters_of(letters, *group);
    }
    if let Some(last) = quartets.next() {
        let mut group = [0; 3];
        group
            .iter_mut()
            .zip(rest)
            .for_each(|(to, from)| *to = *from);
        let letters = letters_of(letters, group);
        let used = letters.iter().take(rest.len().saturating_add(1));
        last.iter_mut().zip(used).for_each(|(to, from)| *to = *from);
        if form == Form::Url {
            let unused = 3_usize.saturating_sub(rest.len());
            text.truncate(text.len().saturating_sub(unused));
        }
    }
    // All of it is ASCII.
    String::from_utf8(text).unwrap_or_default()
}

fn letters_of(letters: &[u8; 64], [a, b, c]: [u8; 3]) -> [u8; 4] {
    let word = u32::from_be_bytes([0, a, b, c]);
    let letter = |sextet: u32| letters.get((sextet & 63) as usize).copied().unwrap_or(0);
    [
        letter(word >> 18),
        letter(word >> 12),
        letter(word >> 6),
        letter(word),
    ]
}

/// The bytes of a text. None if it is anything but what [`encode`] writes.
pub fn decode(form: Form, text: &[u8]) -> Option<Vec<u8>> {
    let mut letters = text;
    if form == Form::Standard {
        text.len().is_multiple_of(4).then_some(())?;
        for _ in 0..2 {
            letters = letters.strip_suffix(b"=").unwrap_or(letters);
        }
    }
    let mut bytes = Vec::with_capacity(letters.len());
    // The bits of the last letters, and how many of them are not written yet.
    let (mut word, mut bits) = (0_u32, 0_u32);
    for letter in letters {
        word = word << 6 | sextet(form, *letter)?;
        bits = bits.wrapping_add(6);
        if bits >= 8 {
            bits = bits.wrapping_sub(8);
            bytes.push((word >> bits) as u8);
        }
    }
    let left = word & (1_u32 << bits).wrapping_sub(1);
    (bits < 6 && left == 0).then_some(bytes)
}

fn sextet(form: Form, letter: u8) -> Option<u32> {
    let sextet = match (letter, form) {
        (b'A'..=b'Z', _) => letter.wrapping_sub(b'A'),
        (b'a'..=b'z', _) => letter.wrapping_sub(b'a').wrapping_add(26),
        (b'0'..=b'9', _) => letter.wrapping_sub(b'0').wrapping_add(52),
        (b'+', Form::Standard) | (b'-', Form::Url) => 62,
        (b'/', Form::Standard) | (b'_', Form::Url) => 63,
        _ => return None,
    };
    Some(sextet.into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

    #[test]
    fn it_agrees_with_a_general_implementation_property() {
        let mut random = Random::new(13);
        let mut cases = 0;
        for _ in 0..20_000 {
            let bytes = random.bytes(40);
            let text = random.text(
                &["A", "b", "9", "+", "/", "-", "_", "=", "==", "AAA", " "],
                12,
            );
            for (form, engine) in [
                (Form::Standard, BASE64_STANDARD),
                (Form::Url, BASE64_URL_SAFE_NO_PAD),
            ] {
                let encoded = encode(form, &bytes);
                assert_eq!(encoded, engine.encode(&bytes));
                assert_eq!(decode(form, encoded.as_bytes()), Some(bytes.clone()));
                assert_eq!(
                    decode(form, text.as_bytes()),
                    engine.decode(&text).ok(),
                    "{form:?} {text}"
                );
                cases += 3;
            }
        }
        println!("base64: {cases} cases");
    }
}
