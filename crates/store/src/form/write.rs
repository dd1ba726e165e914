//! Writes records as MessagePack, without the names of fields.
//!
//! # Why not `rmp_serde`?
//!
//! It reads what is written here. But it writes each marker and each number through
//! `std::io::Write`, a call and an error for every byte or two, which was most of what an entry of
//! the journal cost; and a caller waits for that entry. This writes into a buffer that is there.
//! What both write is the same, byte for byte; a test says so.

use std::fmt::{self, Display};

use serde::Serialize;
use serde::ser::{
    Error as _, Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
    SerializeTupleStruct, Serializer,
};

/// Writes behind what a buffer has.
pub(super) struct EntryWriter<'a>(pub(super) &'a mut Vec<u8>);

/// What records are not made of: lists of unknown length, numbers of 128 bits, variants with
/// fields.
#[derive(Debug)]
pub struct NotOfRecords(String);

impl Display for NotOfRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is nothing that records are made of", self.0)
    }
}

impl std::error::Error for NotOfRecords {}

impl serde::ser::Error for NotOfRecords {
    #[cold]
    fn custom<T: Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

type Written = Result<(), NotOfRecords>;

/// The markers of what comes with its length: the shortest form, which has the length in it, up to
/// how much that has room for, and those that are followed by a length of 8, 16 and 32 bits.
struct Markers {
    short: u8,
    short_max: u8,
    of_8: Option<u8>,
    of_16: u8,
    of_32: u8,
}

const TEXT: Markers =
    Markers { short: 0xa0, short_max: 31, of_8: Some(0xd9), of_16: 0xda, of_32: 0xdb };
const LIST: Markers = Markers { short: 0x90, short_max: 15, of_8: None, of_16: 0xdc, of_32: 0xdd };
const MAP: Markers = Markers { short: 0x80, short_max: 15, of_8: None, of_16: 0xde, of_32: 0xdf };

impl EntryWriter<'_> {
    #[inline]
    fn put(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// A marker and the number behind it, in one step.
    #[inline]
    fn put_number<const N: usize>(&mut self, marker: u8, number: [u8; N]) {
        self.put(marker);
        self.0.extend_from_slice(&number);
    }

    #[inline]
    fn put_length(&mut self, of: &Markers, length: usize) -> Written {
        match (u8::try_from(length), of.of_8) {
            (Ok(length), _) if length <= of.short_max => self.put(of.short | length),
            (Ok(length), Some(marker)) => self.put_number(marker, [length]),
            _ => return self.put_long(of, length),
        }
        Ok(())
    }

    #[cold]
    fn put_long(&mut self, of: &Markers, length: usize) -> Written {
        if let Ok(length) = u16::try_from(length) {
            self.put_number(of.of_16, length.to_be_bytes());
            return Ok(());
        }
        let too_long = |_| NotOfRecords::custom("what is longer than 4 GiB");
        let length = u32::try_from(length).map_err(too_long)?;
        self.put_number(of.of_32, length.to_be_bytes());
        Ok(())
    }

    #[inline]
    fn put_count(&mut self, number: u64) {
        match u8::try_from(number) {
            Ok(number @ ..128) => self.put(number),
            Ok(number) => self.put_number(0xcc, [number]),
            Err(_) => self.put_large(number),
        }
    }

    #[inline]
    fn put_large(&mut self, number: u64) {
        if let Ok(number) = u16::try_from(number) {
            self.put_number(0xcd, number.to_be_bytes());
        } else if let Ok(number) = u32::try_from(number) {
            self.put_number(0xce, number.to_be_bytes());
        } else {
            self.put_number(0xcf, number.to_be_bytes());
        }
    }

    fn put_negative(&mut self, number: i64) {
        if let Ok(number) = i8::try_from(number) {
            let [byte] = number.to_be_bytes();
            if number >= -32 { self.put(byte) } else { self.put_number(0xd0, [byte]) }
        } else if let Ok(number) = i16::try_from(number) {
            self.put_number(0xd1, number.to_be_bytes());
        } else if let Ok(number) = i32::try_from(number) {
            self.put_number(0xd2, number.to_be_bytes());
        } else {
            self.put_number(0xd3, number.to_be_bytes());
        }
    }
}

fn no<T>(what: &str) -> Result<T, NotOfRecords> {
    Err(NotOfRecords::custom(what))
}

/// Numbers that are written as wider ones.
macro_rules! as_wider {
    ($($name:ident: $type:ty => $wider:ident,)+) => { $(
        #[inline]
        fn $name(self, number: $type) -> Written {
            self.$wider(number.into())
        }
    )+ };
}

impl Serializer for &mut EntryWriter<'_> {
    type Ok = ();
    type Error = NotOfRecords;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeTupleVariant = Impossible<(), NotOfRecords>;
    type SerializeStructVariant = Impossible<(), NotOfRecords>;

    as_wider! {
        serialize_u8: u8 => serialize_u64,
        serialize_u16: u16 => serialize_u64,
        serialize_u32: u32 => serialize_u64,
        serialize_i8: i8 => serialize_i64,
        serialize_i16: i16 => serialize_i64,
        serialize_i32: i32 => serialize_i64,
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn serialize_u64(self, number: u64) -> Written {
        self.put_count(number);
        Ok(())
    }

    #[inline]
    fn serialize_i64(self, number: i64) -> Written {
        match u64::try_from(number) {
            Ok(number) => self.put_count(number),
            Err(_) => self.put_negative(number),
        }
        Ok(())
    }

    #[inline]
    fn serialize_bool(self, is: bool) -> Written {
        self.put(0xc2 | u8::from(is));
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Written {
        self.put_length(&TEXT, text.len())?;
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_bytes(self, bytes: &[u8]) -> Written {
        let Ok(length) = u8::try_from(bytes.len()) else { return no("more than 255 bytes") };
        self.put_number(0xc4, [length]);
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Written {
        self.put(0xc0);
        Ok(())
    }

    #[inline]
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self)
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Self, NotOfRecords> {
        let Some(length) = length else { return no("a list of unknown length") };
        self.serialize_tuple(length)
    }

    #[inline]
    fn serialize_tuple(self, length: usize) -> Result<Self, NotOfRecords> {
        self.put_length(&LIST, length)?;
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Self, NotOfRecords> {
        self.serialize_tuple(length)
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Self, NotOfRecords> {
        let Some(length) = length else { return no("a map of unknown length") };
        self.put_length(&MAP, length)?;
        Ok(self)
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Self, NotOfRecords> {
        self.serialize_tuple(length)
    }

    fn serialize_f32(self, _: f32) -> Written {
        no("a fraction")
    }

    fn serialize_f64(self, _: f64) -> Written {
        no("a fraction")
    }

    fn serialize_char(self, _: char) -> Written {
        no("a character")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Written {
        no(name)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Written {
        no(name)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotOfRecords> {
        no(name)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotOfRecords> {
        no(name)
    }
}

/// What is written one member after the other, without anything in between.
macro_rules! members {
    ($($of:ident: $member:ident;)+) => { $(
        impl $of for &mut EntryWriter<'_> {
            type Ok = ();
            type Error = NotOfRecords;

            #[inline]
            fn $member<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                value.serialize(&mut **self)
            }

            #[inline]
            fn end(self) -> Written {
                Ok(())
            }
        }
    )+ };
}

members! {
    SerializeSeq: serialize_element;
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
}

impl SerializeStruct for &mut EntryWriter<'_> {
    type Ok = ();
    type Error = NotOfRecords;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Written {
        value.serialize(&mut **self)
    }

    #[inline]
    fn end(self) -> Written {
        Ok(())
    }
}

impl SerializeMap for &mut EntryWriter<'_> {
    type Ok = ();
    type Error = NotOfRecords;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        key.serialize(&mut **self)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(&mut **self)
    }

    #[inline]
    fn end(self) -> Written {
        Ok(())
    }
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::conformance::sample::{full_generation, generation, hash, noon};

    fn same(value: &impl Serialize) {
        let mut entry = Vec::new();
        assert!(value.serialize(&mut EntryWriter(&mut entry)).is_ok());
        assert_eq!(Some(entry), rmp_serde::to_vec(value).ok());
    }

    #[test]
    fn it_is_what_the_library_writes() {
        same(&full_generation("gen-1"));
        same(&generation("gen-2", hash(2), noon()));
        for power in 0..64 {
            let number = 1_u64 << power;
            for number in [number - 1, number, number + 1] {
                same(&number);
                let number = number.cast_signed();
                same(&number);
                same(&number.wrapping_neg());
            }
        }
        same(&(u64::MAX, i64::MIN, i64::MAX, true, false, None::<u8>, Some(7_u16)));
        for length in [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536] {
            same(&"ä".repeat(length).as_str());
            same(&vec![1_u8; length]);
            let map: BTreeMap<usize, &str> = (0..length).map(|it| (it, "x")).collect();
            same(&map);
        }
    }

    #[test]
    fn what_records_are_not_made_of_is_refused() {
        let mut entry = Vec::new();
        let mut writer = EntryWriter(&mut entry);
        assert!(1.5_f64.serialize(&mut writer).is_err());
        assert!(Ok::<u8, u8>(1).serialize(&mut writer).is_err());
        assert!(writer.serialize_seq(None).is_err());
    }
}
