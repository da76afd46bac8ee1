package dev.varve.restore.convert;

import dev.varve.graph.Value;

/** What becomes of a graph of another engine in Apache AGE. */
public enum AgeRule implements Rule {
  NULL(Row.exact("a null inside a list or a map", Value.Null.class)),
  BOOL(Row.exact("a truth value", Value.Bool.class)),
  INT(Row.exact("a whole number", "64 bits wide, whatever its width was", Value.Int.class)),
  FLOAT(
      Row.exact(
          "a floating-point number, infinities and NaN too",
          "64 bits wide, whatever its width was",
          Value.Float.class)),
  DECIMAL(Row.exact("a decimal number", "`1.50::numeric`", Value.Decimal.class)),
  TEXT(Row.exact("a string or a character", "a string", Value.Text.class)),
  LIST(
      Row.exact(
          "a list",
          "each item by its own rule; the stored type of an array goes",
          Value.ListOf.class)),
  MAP(Row.exact("a map", "each entry by its own rule", Value.MapOf.class)),

  LONG_DECIMAL(
      Row.converted(
          "a decimal number of more than 131,072 digits before or 16,383 after the point",
          "{\"::decimal\": \"1E-20000\"}")),
  UNFIT_TEXT(
      Row.converted(
          "a string with U+0000, which PostgreSQL has not, or one that begins with `::agtype:` and is"
              + " not what a value of AGE became",
          "{\"::text\": \"YQBi\"}")),
  CARRIED_TEXT(
      Row.converted(
          "a string `::agtype:…` that a value of AGE became in another engine",
          "the value that it was")),
  UNFIT_MAP(
      Row.converted(
          "a map with one entry whose key begins with `::`",
          "{\"::entries\": [\"::date\", \"never\"]}")),
  BYTES(Row.converted("bytes", "{\"::bytes\": \"AQL/\"}", Value.Bytes.class)),
  UUID(
      Row.converted(
          "a UUID", "{\"::uuid\": \"8c3c7fd2-0b3e-4f3b-9b63-0a1f3a0d3c55\"}", Value.Uuid.class)),
  DATE(Row.converted("a date", "{\"::date\": \"2024-02-29\"}", Value.Date.class)),
  TIME(
      Row.converted(
          "a time of day with an offset", "{\"::time\": \"23:59:59.5-07:00\"}", Value.Time.class)),
  LOCAL_TIME(
      Row.converted(
          "a time of day without an offset",
          "{\"::localtime\": \"01:02:03\"}",
          Value.LocalTimeOfDay.class)),
  LOCAL_DATE_TIME(
      Row.converted(
          "a date and time without an offset",
          "{\"::localdatetime\": \"2024-02-29T01:02:03\"}",
          Value.LocalTimestamp.class)),
  DATE_TIME(
      Row.converted(
          "a date and time with an offset",
          "{\"::datetime\": \"2024-02-29T01:02:03+05:30\"}",
          Value.OffsetTimestamp.class)),
  ZONED_DATE_TIME(
      Row.converted(
          "a date and time in a named zone",
          "{\"::zoneddatetime\": \"2024-02-29T01:02:03+01:00[Europe/Berlin]\"}",
          Value.ZonedTimestamp.class)),
  INSTANT(
      Row.converted(
          "an instant", "{\"::instant\": \"2024-02-29T01:02:03Z\"}", Value.Timestamp.class)),
  DURATION(
      Row.converted("a duration", "{\"::duration\": \"P14M-3DT12345.5S\"}", Value.Duration.class)),
  POINT(
      Row.converted(
          "a point", "{\"::point\": \"SRID=4326;POINT(12.5 -55.75)\"}", Value.Point.class)),
  GEOSHAPE(Row.converted("a shape", "{\"::geoshape\": \"POLYGON((…))\"}", Value.Geoshape.class)),
  UNFIT_VALUE(
      Row.refused(
          "a value that has no such form: a duration with a billion or more nanoseconds, a point of"
              + " neither two nor three coordinates, lists and maps more than 1,000 deep")),

  NO_LABEL(Row.exact("a vertex without a label", "")),
  ONE_LABEL(Row.exact("a vertex with one label that is a name for AGE", "")),
  SEVERAL_LABELS(
      Row.converted(
          "a vertex with several labels",
          "under the first of them, sorted, that is a name for AGE; the property"
              + " `__labels` lists all")),
  LABEL_NAME(
      Row.converted(
          "a vertex none of whose labels is a name for AGE: a letter or `_`, then letters, digits and"
              + " `_`, at most 63 bytes, and none that PostgreSQL or AGE give to tables of their own",
          "under the first, its other characters replaced by `_`, cut to 54 bytes, with `_` and the first"
              + " eight hexadecimal digits of the SHA-256 of `v` and the label; the property"
              + " `__labels` lists all")),
  TYPE(Row.exact("an edge whose type is a name for AGE", "")),
  TYPE_NAME(
      Row.converted(
          "an edge whose type is not a name for AGE",
          "like such a label, with the SHA-256 of `e` and the type; the property `__type` holds the type")),
  TYPE_OF_VERTICES(
      Row.converted(
          "an edge whose type is also the label of vertices: AGE has one table for a name",
          "its type is written as if it were not a name for AGE")),
  LABEL_OF_EDGES(
      Row.refused(
          "in a standby that follows: a vertex under a label that edges which came before it are under"
              + " as their type")),
  CARRIED_LABELS(
      Row.refused(
          "a property `__labels` or `__type` of the element's own, where one is needed, or would be"
              + " read as what it is not")),
  TOO_MANY_LABELS(Row.refused("more than 65,000 labels and edge types together")),

  VERTEX_ID(
      Row.exact(
          "a vertex id", "AGE numbers vertices by label: the id is compared as the original one")),
  KEY(Row.exact("a property key", "")),
  UNFIT_KEY(Row.refused("a property key, in a map too, with U+0000, which PostgreSQL has not")),

  INDEX(
      Row.exact(
          "a range index of properties of one label or type, all of whose elements are exact",
          "a btree index on `agtype_access_operator(properties, '\"key\"')`")),
  UNIQUENESS(
      Row.exact(
          "a uniqueness constraint of properties of such a label or type",
          "a unique index of that form")),
  SCHEMA(
      Row.leftOut(
          "any other index or constraint, and those of a label or type that no element has",
          "named in the report"));

  private final Row row;

  AgeRule(Row row) {
    this.row = row;
  }

  @Override
  public Row row() {
    return row;
  }
}
