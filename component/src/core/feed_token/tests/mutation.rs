use super::forged::forged;
use super::*;

/// A changed token is refused, or means the same.
fn check(changed: &str, token: &FeedToken) {
    if let Ok(read) = parse(changed).and_then(Continuation::driver) {
        assert_eq!(read, *token, "{changed}");
    }
}

#[test]
fn a_damaged_token_never_means_another_place() {
    let mut cases = 0_u64;
    for token in samples() {
        let text = token.encode().unwrap();
        for end in 0..text.len() {
            assert!(parse(&text[..end]).and_then(Continuation::driver).is_err());
            cases += 1;
        }
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                // What is no text cannot be handed in.
                if let Ok(changed) = String::from_utf8(bytes) {
                    check(&changed, &token);
                    cases += 1;
                }
            }
            let (head, tail) = text.split_at(at);
            for inserted in ["A", "=", "\n", "."] {
                check(&[head, inserted, tail].concat(), &token);
                cases += 1;
            }
            check(&[head, &tail[1..]].concat(), &token);
            cases += 1;
        }
    }
    println!("{cases} cases");
}

/// Tokens of a forger, who makes the checksum right after changing the rest: refused, or a token that can be written again.
#[test]
fn forged_tokens_are_refused_or_sound() {
    let mut random = Random(4);
    let (mut cases, mut sound) = (0_u64, 0_u64);
    for token in samples() {
        let bytes = bytes_of(&token);
        let mut check = |changed: &[u8]| {
            cases += 1;
            if let Ok(Continuation::Driver(read)) = parse(&forged(changed)) {
                let again = read.encode().unwrap();
                assert_eq!(parse(&again), Ok(Continuation::Driver(read)), "{changed:?}");
                sound += 1;
            }
        };
        for end in 0..bytes.len() {
            check(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                check(&changed);
            }
        }
        for _ in 0..2000 {
            let mut changed = bytes.clone();
            for _ in 0..=random.below(2) {
                let at = random.below(changed.len());
                let end = (at + random.below(4)).min(changed.len());
                let new = (0..random.below(4)).map(|_| random.next() as u8);
                changed.splice(at..end, new.collect::<Vec<_>>());
            }
            check(&changed);
        }
    }
    assert!(sound > 50, "{sound}");
    println!("{cases} cases, {sound} sound");
}
