//! Ids for what is kept and managed, in the form that clients of management APIs expect.

/// A random UUID (RFC 9562, version 4) from 16 random bytes, in lower case.
pub fn uuid(random: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(random);
    // The version stands in the upper half of the seventh byte, the variant in the top of the ninth.
    let bits = bits & !(0xf << 76) | (0x4 << 76);
    let bits = bits & !(0b11 << 62) | (0b10 << 62);
    let digits = format!("{bits:032x}");
    let mut text = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_4() {
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid([255; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let random = std::array::from_fn(|at| u8::try_from(at * 17).unwrap());
        assert_eq!(uuid(random), "00112233-4455-4677-8899-aabbccddeeff");
    }
}
