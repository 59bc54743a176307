use super::*;
use crate::wire::link;
use crate::wire::testing::Random;
use zeroize::ZeroizeOnDrop;

/// The bytes 0x00 to 0x3F.
const KEY: &str =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
const DATE: &str = "Tue, 01 Jul 2025 12:34:56 GMT";

fn header(signature: &str) -> String {
    let signature = signature
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("type%3Dmaster%26ver%3D1.0%26sig%3D{signature}")
}

#[test]
fn the_published_signature_is_reproduced() {
    let key =
        "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==";
    let link = link::database("ToDoList").unwrap();
    let key = MasterKey::from_base64(key).unwrap();
    assert_eq!(
        key.authorization(&Method::GET, &link, "Thu, 27 Apr 2017 00:51:12 GMT"),
        "type%3Dmaster%26ver%3D1.0%26sig%3Dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2Bc%2Bc%3D"
    );
}

#[test]
fn signatures_cover_verb_type_link_and_date() {
    let key = MasterKey::from_base64(KEY).unwrap();
    for (method, path, signature) in [
        ("GET", "/", "wG+PEBOUmIMDscsAubN5CWPuwUKNiWUY46uYeNh2tmE="),
        (
            "POST",
            "/dbs",
            "t9eW9tBK1CwHsQTX5zWulHP1nMuffjLoaAn23EZ2yTI=",
        ),
        (
            "GET",
            "/dbs",
            "Cvby0H1b1ySQv71BnJ3Z9tfknX4/4/dSMOh7cJmreXo=",
        ),
        (
            "GET",
            "/dbs/SampleDb",
            "D7qIeXsc38ZbHyPjwrl/2sRZBhzASngbJnXxkDEzEGQ=",
        ),
        (
            "DELETE",
            "/dbs/SampleDb",
            "7bQZHE6d5lIkrx4ppCODmq7tm5CaUDiET86ZANyypjE=",
        ),
        (
            "POST",
            "/dbs/SampleDb/colls",
            "sl8JRSQFwWhxUVd2fq72wry6KLvGsfEW4vR4Q1jcBAM=",
        ),
        (
            "GET",
            "/dbs/SampleDb/colls/Items",
            "jte1/ZG64hfuc70pn5KJw3ZEMAXdvzvFI0/2BsJNEc8=",
        ),
        (
            "PUT",
            "/dbs/SampleDb/colls/Items",
            "AhS8TqZ4K8/SQIWXA+6JJqRdLgzpRxMFK2NxVtgme78=",
        ),
        (
            "GET",
            "/dbs/SampleDb/colls/Items/docs/item%201",
            "dC3atMJr865brHUwGippx98kMgmGAn85tZzgwp70wwY=",
        ),
        (
            "POST",
            "/dbs/SampleDb/colls/Items/docs",
            "G7fv97BGkbWS88wXq9Uv+hfByTeNCh3yAkIIfGVTbd8=",
        ),
        (
            "GET",
            "/dbs/SampleDb/colls/Items/docs",
            "arqkzUDwtB4wmieJH6sRgPRQiwBPb8bbmz7ag/ENyuo=",
        ),
        (
            "PATCH",
            "/dbs/SampleDb/colls/Items/docs/50%25",
            "zmiEjubg8WEYDJscuFy2PJXRpbbnsI9zAxI/PaAv4SU=",
        ),
        (
            "DELETE",
            "/dbs/SampleDb/colls/Items/docs/caf%C3%A9%20%E6%9D%B1%E4%BA%AC%20%F0%9F%9A%80",
            "+wQI6waG6neRnr3Ox21oksDkVuU1UYJTMJc3LM6MEuQ=",
        ),
        (
            "HEAD",
            "/dbs/SampleDb/colls/Items/docs/a@b+c=d",
            "Q2hgVW6oNBsXDn/cqe6Oty4m/z71s1+3SnQKulywl9s=",
        ),
        (
            "GET",
            "/dbs/SampleDb/colls/Items/pkranges",
            "xwkpDlQC7SJUr99DVotFOsFIUUqknvdbebQcqM9K4no=",
        ),
        (
            "POST",
            "/dbs/SampleDb/colls/Items/sprocs/Bulk",
            "LPdG8ceicG12jKnygtZWN/UdM7D04y/qH67Z/7WAD7c=",
        ),
        (
            "GET",
            "/dbs/SampleDb/colls/Items/udfs/Tax",
            "MbxQ8k5uNOGBrJ3CdLMc3hcE6GfCpUMZAATEbk8Kcdw=",
        ),
        (
            "GET",
            "/dbs/SampleDb/users/Ann/permissions",
            "53YEeSTLCvg4DKLUrdpw6uVdrOaQbQAeGAS5aDqZDUw=",
        ),
        (
            "PUT",
            "/offers/V0xQ",
            "0Rb5O7CBpRdGMH5lx5IPEMAgsOHXEPg+s1lugtRov28=",
        ),
        (
            "POST",
            "/offers",
            "hpW6rEc2yeVnEBpBqqj8j+L7J/8JK3WuFMirRUD8taw=",
        ),
    ] {
        let method: Method = method.parse().unwrap();
        let link = link::parse(path).unwrap();
        let signed = key.authorization(&method, &link, DATE);
        assert_eq!(signed, header(signature), "{method} {path}");
    }
}

#[test]
fn keys_are_checked_and_never_shown() {
    for wrong in ["", " ", "no base64!", "AAEC$", "AAE", "AAECA===", "AA\nEC"] {
        let error = MasterKey::from_base64(wrong).unwrap_err().to_string();
        assert!(error.contains("copy"), "{error}");
        assert!(wrong.len() < 2 || !error.contains(wrong), "{error}");
    }
    let key = MasterKey::from_base64(&format!(" {KEY}\n")).unwrap();
    assert_eq!(format!("{key:?}"), "MasterKey(REDACTED)");

    // The prepared key is two states of this hash.
    fn is_wiped_on_drop<T: ZeroizeOnDrop>() {}
    is_wiped_on_drop::<Sha256>();
}

#[test]
fn resource_tokens_are_escaped_verbatim() {
    for (given, expected) in [
        (
            "type=resource&ver=1&sig=a+b/c==;d-_.*~;",
            "type%3Dresource%26ver%3D1%26sig%3Da%2Bb%2Fc%3D%3D%3Bd-_.*%7E%3B",
        ),
        (
            "Type=Resource&ver=1.0&sig=x",
            "Type%3DResource%26ver%3D1.0%26sig%3Dx",
        ),
    ] {
        assert_eq!(token(given).unwrap(), expected);
    }
    let longest = format!("type=resource{}", "x".repeat(8192 - 13));
    assert!(token(&longest).is_ok());
    for wrong in [
        "",
        "type=resourc",
        "type=master&ver=1.0&sig=secret",
        "type%3Dresource%26sig%3Dsecret",
        " type=resource&sig=secret",
        "type=resource&sig=secret\n",
        "type=resource&sig=sec ret",
        "type=resource&sig=sécret",
        "type=resourcé",
        &format!("{longest}x"),
    ] {
        let error = token(wrong).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn bearer_tokens_are_wrapped() {
    assert_eq!(
        bearer("eyJ0.eyJh-_.sig=").unwrap(),
        "type%3Daad%26ver%3D1.0%26sig%3DeyJ0.eyJh-_.sig%3D"
    );
    for (wrong, said) in [
        ("", "is empty"),
        ("Bearer secret", "the word Bearer"),
        ("bearer secret", "the word Bearer"),
        ("sec ret", "a space"),
        ("secret\r\n", "a line break"),
        ("sécret", "another character"),
        ("\0", "another character"),
    ] {
        let error = bearer(wrong).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("secret"), "{error}");
    }
}

#[test]
fn any_text_becomes_a_header_value_or_an_error() {
    let mut random = Random::new(6);
    let pieces = [
        "type=", "Resource", "Bearer", " ", "&", "=", "+", "é", "a", "\n", "%",
    ];
    for _ in 0..4000 {
        let text = random.text(&pieces, 8);
        let _ = MasterKey::from_base64(&text);
        for (header, prefix) in [(token(&text), ""), (bearer(&text), "type=aad&ver=1.0&sig=")] {
            let Ok(header) = header else { continue };
            assert!(
                header
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"*-._%".contains(&b))
            );
            let decoded = percent_encoding::percent_decode_str(&header)
                .decode_utf8()
                .unwrap();
            assert_eq!(decoded, format!("{prefix}{text}"));
        }
    }
}
