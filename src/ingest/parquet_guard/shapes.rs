//! The structures of a Parquet file's footer and page headers, as far as readers know them: the kind of each field from
//! number 1 on. Source: `parquet.thrift` of apache/parquet-format.

use crate::ingest::thrift::Kind::{Any, Byte, Bytes, Flag, List, Number, Struct};
use crate::ingest::thrift::Shape;

/// `FileMetaData`.
pub(super) const FILE: Shape = &[
    Number,
    List(&Struct(SCHEMA_ELEMENT)),
    Number,
    List(&Struct(ROW_GROUP)),
    List(&Struct(KEY_VALUE)),
    Bytes,
    List(&Struct(COLUMN_ORDER)),
    Struct(ENCRYPTION),
    Bytes,
];

const SCHEMA_ELEMENT: Shape =
    &[Number, Number, Number, Bytes, Number, Number, Number, Number, Number, Struct(LOGICAL_TYPE)];

/// `LogicalType`: strings, maps, lists, enumerations, decimals, dates, times, time stamps, (none), whole numbers, nothing,
/// JSON, BSON, UUID, half floats.
const LOGICAL_TYPE: Shape = &[
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[Number, Number]),
    Struct(&[]),
    Struct(TIME),
    Struct(TIME),
    Any,
    Struct(&[Byte, Flag]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
];

/// `TimeType` and `TimestampType`, with their unit.
const TIME: Shape = &[Flag, Struct(&[Struct(&[]), Struct(&[]), Struct(&[])])];

const KEY_VALUE: Shape = &[Bytes, Bytes];

const COLUMN_ORDER: Shape = &[Struct(&[])];

/// `EncryptionAlgorithm`, either of two.
const ENCRYPTION: Shape = &[Struct(&[Bytes, Bytes, Flag]), Struct(&[Bytes, Bytes, Flag])];

pub(super) const ROW_GROUP: Shape =
    &[List(&Struct(CHUNK)), Number, Number, List(&Struct(SORTING_COLUMN)), Number, Number, Number];

const SORTING_COLUMN: Shape = &[Number, Flag, Flag];

/// `ColumnChunk`.
pub(super) const CHUNK: Shape =
    &[Bytes, Number, Struct(COLUMN), Number, Number, Number, Number, Struct(COLUMN_CRYPTO), Bytes];

/// `ColumnMetaData`.
pub(super) const COLUMN: Shape = &[
    Number,
    List(&Number),
    List(&Bytes),
    Number,
    Number,
    Number,
    Number,
    List(&Struct(KEY_VALUE)),
    Number,
    Number,
    Number,
    Struct(STATISTICS),
    List(&Struct(PAGE_ENCODING)),
    Number,
    Number,
    Struct(SIZE_STATISTICS),
];

/// `ColumnCryptoMetaData`, with the key of the footer or of the column.
const COLUMN_CRYPTO: Shape = &[Struct(&[]), Struct(&[List(&Bytes), Bytes])];

const STATISTICS: Shape = &[Bytes, Bytes, Number, Number, Bytes, Bytes, Flag, Flag];

/// `PageEncodingStats`.
const PAGE_ENCODING: Shape = &[Number, Number, Number];

const SIZE_STATISTICS: Shape = &[Number, List(&Number), List(&Number)];

/// `PageHeader`.
pub(super) const PAGE: Shape =
    &[Number, Number, Number, Number, Struct(DATA_PAGE), Struct(&[]), Struct(DICTIONARY_PAGE), Struct(DATA_PAGE_2)];

/// `DataPageHeader`.
pub(super) const DATA_PAGE: Shape = &[Number, Number, Number, Number, Struct(STATISTICS)];

/// `DictionaryPageHeader`.
pub(super) const DICTIONARY_PAGE: Shape = &[Number, Number, Flag];

/// `DataPageHeaderV2`.
pub(super) const DATA_PAGE_2: Shape = &[Number, Number, Number, Number, Number, Number, Flag, Struct(STATISTICS)];
