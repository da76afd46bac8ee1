package dev.varve.restore.convert;

import dev.varve.graph.Value;

/** What becomes of a graph of another engine in Neo4j. */
public enum Neo4jRule implements Rule {
  BOOL(Row.exact("a truth value", "", Value.Bool.class)),
  INT(Row.exact("a whole number", "", Value.Int.class)),
  FLOAT(Row.exact("a floating-point number, infinities and NaN too", "", Value.Float.class)),
  TEXT(Row.exact("a string", "", Value.Text.class)),
  BYTES(Row.exact("bytes", "", Value.Bytes.class)),
  DATE(Row.exact("a date", "", Value.Date.class)),
  TIME(Row.exact("a time of day with an offset", "", Value.Time.class)),
  LOCAL_TIME(Row.exact("a time of day without an offset", "", Value.LocalTimeOfDay.class)),
  LOCAL_DATE_TIME(Row.exact("a date and time without an offset", "", Value.LocalTimestamp.class)),
  DATE_TIME(Row.exact("a date and time with an offset", "", Value.OffsetTimestamp.class)),
  ZONED_DATE_TIME(Row.exact("a date and time in a named zone", "", Value.ZonedTimestamp.class)),
  DURATION(Row.exact("a duration", "", Value.Duration.class)),
  POINT(Row.exact("a point in WGS-84 or a Cartesian system", "", Value.Point.class)),
  LIST(Row.exact("a list of values of one type, an empty one too", "", Value.ListOf.class)),

  TAGGED(
      Row.converted(
          "a value, or a list of values, in the tagged form that a value of Neo4j got in AGE:"
              + " `{\"::date\": \"2024-02-29\"}`",
          "the value that it was")),
  DECIMAL(Row.converted("a decimal number", "`::agtype:1.50::numeric`", Value.Decimal.class)),
  MAP(Row.converted("a map", "`::agtype:{\"a\": 1}`", Value.MapOf.class)),
  MIXED_LIST(
      Row.converted(
          "a list with values of several types, nulls, lists, maps, bytes or decimals in it; points of"
              + " several systems",
          "`::agtype:[1, \"a\", null]`")),
  UUID(
      Row.converted(
          "a UUID",
          "`::agtype:{\"::uuid\": \"8c3c7fd2-0b3e-4f3b-9b63-0a1f3a0d3c55\"}`",
          Value.Uuid.class)),
  INSTANT(
      Row.converted(
          "an instant",
          "`::agtype:{\"::instant\": \"2024-02-29T01:02:03Z\"}`",
          Value.Timestamp.class)),
  GEOSHAPE(
      Row.converted(
          "a shape", "`::agtype:{\"::geoshape\": \"POLYGON((…))\"}`", Value.Geoshape.class)),
  NULL(Row.converted("a null in a list or a map", "as the list or the map", Value.Null.class)),
  UNFIT_TEXT(Row.converted("a string that begins with `::agtype:`", "`::agtype:\"::agtype:…\"`")),
  UNFIT_POINT(
      Row.converted(
          "a point in another system, or with a coordinate that is no number",
          "`::agtype:{\"::point\": \"SRID=3857;POINT(1.0 2.0)\"}`")),
  UNFIT_DURATION(
      Row.converted(
          "a duration of more than 2^63 seconds", "`::agtype:{\"::duration\": \"P…S\"}`")),
  UNFIT_ZONE(
      Row.converted(
          "a date and time in a zone that is not known", "as in AGE, behind `::agtype:`")),
  UNFIT_VALUE(
      Row.refused(
          "a value that AGE cannot have either, such as lists in each other more than 1,000 deep")),

  LABELS(Row.exact("the labels of a vertex, several, one or none", "")),
  CARRIED_LABELS(
      Row.converted(
          "a property `__labels` that a vertex got because AGE could not hold its labels",
          "the labels that it had")),
  TYPE(Row.exact("the type of an edge", "")),
  CARRIED_TYPE(
      Row.converted(
          "a property `__type` that an edge got because AGE could not hold its type",
          "the type that it had")),
  VERTEX_ID(
      Row.exact(
          "a vertex id that is a decimal number from 0 to 2^63 - 1, as AGE's graphids are",
          "Neo4j numbers its nodes itself: the id is compared as the original one")),
  UNFIT_VERTEX_ID(
      Row.refused(
          "a vertex id that is not a decimal number from 0 to 2^63 - 1: AGE's are negative from the 32,768th"
              + " label on")),
  NO_END(
      Row.refused(
          "an edge one of whose ends is not in the graph: AGE leaves them so where a table of vertices is"
              + " truncated, or deleted from with SQL")),
  KEY(Row.exact("a property key", "")),
  UNFIT_NAME(Row.refused("a property key, a label or a type that is empty or has U+0000 in it")),

  INDEX(
      Row.exact(
          "a btree index on `agtype_access_operator(properties, '\"key\"')`, one or more, of a label all of"
              + " whose elements are exact",
          "a range index; the first one only where there are several of the same properties")),
  UNIQUENESS(Row.exact("a unique index of that form", "a uniqueness constraint")),
  SCHEMA(
      Row.leftOut(
          "any other index or constraint, and labels that no element has", "named in the report"));

  private final Row row;

  Neo4jRule(Row row) {
    this.row = row;
  }

  @Override
  public Row row() {
    return row;
  }
}
