//! MurmurHash3 with seed 0, the two variants that the service's partitioning uses (spec data-plane §1.4).

/// The 32-bit hash for 32-bit machines: partition keys of version 1.
pub fn x86_32(data: &[u8]) -> u32 {
    let (blocks, tail) = data.as_chunks::<4>();
    let hash = blocks.iter().fold(0_u32, |hash, block| {
        (hash ^ mix(u32::from_le_bytes(*block)))
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64)
    });
    // An absent tail is zero, which mixes to zero and changes nothing.
    let hash = hash ^ mix(u32::from_le_bytes(padded(tail))) ^ data.len() as u32;
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// The 128-bit hash for 64-bit machines: partition keys of version 2. The first half (h1) is the low one.
pub fn x64_128(data: &[u8]) -> u128 {
    let (blocks, tail) = data.as_chunks::<16>();
    let (mut h1, mut h2) = (0_u64, 0_u64);
    for block in blocks {
        let (k1, k2) = halves(*block);
        h1 = (h1 ^ mix_low(k1)).rotate_left(27).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 = (h2 ^ mix_high(k2)).rotate_left(31).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (k1, k2) = halves(padded(tail));
    let length = data.len() as u64;
    h1 ^= mix_low(k1) ^ length;
    h2 ^= mix_high(k2) ^ length;

    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = avalanche(h1);
    h2 = avalanche(h2);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    u128::from(h2) << 64 | u128::from(h1)
}

fn padded<const N: usize>(tail: &[u8]) -> [u8; N] {
    let mut block = [0; N];
    for (to, from) in block.iter_mut().zip(tail) {
        *to = *from;
    }
    block
}

fn halves(block: [u8; 16]) -> (u64, u64) {
    let block = u128::from_le_bytes(block);
    (block as u64, (block >> 64) as u64)
}

fn mix(block: u32) -> u32 {
    block
        .wrapping_mul(0xcc9e_2d51)
        .rotate_left(15)
        .wrapping_mul(0x1b87_3593)
}

const LOW: u64 = 0x87c3_7b91_1142_53d5;
const HIGH: u64 = 0x4cf5_ad43_2745_937f;

fn mix_low(half: u64) -> u64 {
    half.wrapping_mul(LOW).rotate_left(31).wrapping_mul(HIGH)
}

fn mix_high(half: u64) -> u64 {
    half.wrapping_mul(HIGH).rotate_left(33).wrapping_mul(LOW)
}

fn avalanche(half: u64) -> u64 {
    let half = (half ^ (half >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let half = (half ^ (half >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    half ^ (half >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x86_32_gives_the_known_hashes() {
        let number = 374.0_f64.to_le_bytes();
        for (data, expected) in [
            (&b""[..], 0),
            (b"hello", 613_153_351),
            (&number, 3_717_946_798),
            // Raw hashes of partition key components of version 1.
            (b"\x00", 0x514e_28b7),
            (b"\x01", 0xe45a_d1ab),
            (b"\x03", 0x5e2a_8076),
            (b"\x05\0\0\0\0\0\0\xf0\x3f", 0xe165_5a93),
            (b"\x08asdf\0", 0xb02b_abc2),
        ] {
            assert_eq!(x86_32(data), expected, "{data:x?}");
        }
    }

    #[test]
    fn x64_128_gives_the_known_hashes() {
        let halves = |low: u64, high: u64| u128::from(high) << 64 | u128::from(low);
        let number = 374.0_f64.to_le_bytes();
        for (data, expected) in [
            (&b""[..], 0),
            (
                &number,
                halves(16_628_891_264_555_680_919, 12_953_474_369_317_462),
            ),
            (
                b"sample-test",
                halves(9_863_137_013_172_825_203, 15_859_947_107_521_786_564),
            ),
            // Raw hashes of partition key components of version 2.
            (b"\x00", 0x5162_2daa_78f8_3583_4610_abe5_6eff_5cb5),
            (b"\x08asdf\xff", 0x608b_f1d5_98f5_b63a_d552_0f04_fe58_c5e8),
            (
                b"\x05\0\0\0\0\0\0\0\0",
                0x555b_95be_dac4_b1e9_ec1c_dc9b_b0dd_de58,
            ),
            (
                b"\x05\0\0\0\0\0\0\0\x80",
                0x3d01_8bb1_df3d_b272_3576_6e81_fd10_406e,
            ),
        ] {
            assert_eq!(x64_128(data), expected, "{data:x?}");
        }
    }
}
