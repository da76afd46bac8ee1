package dev.varve.restore.target.age;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RuleStatementTest {

  private static String on(String graph, String statement) {
    return RuleStatement.parse(statement).map(parsed -> parsed.on(graph)).orElse("refused");
  }

  @Test
  void anIndexIsSaidOfTheOtherSchema() {
    assertThat(on("other", "CREATE INDEX i ON soc.\"KNOWS\" USING btree (start_id)"))
        .isEqualTo("CREATE INDEX i ON \"other\".\"KNOWS\" USING btree (start_id)");
    assertThat(
            on(
                "oth\"er",
                "CREATE UNIQUE INDEX \"odd name; ON x.y\" ON ONLY \"my.graph\".\"A\"\"b\""
                    + " USING btree (ag_catalog.agtype_access_operator(VARIADIC"
                    + " ARRAY[properties, '\"a;b\"'::agtype]));"))
        .isEqualTo(
            "CREATE UNIQUE INDEX \"odd name; ON x.y\" ON ONLY \"oth\"\"er\".\"A\"\"b\" USING btree"
                + " (ag_catalog.agtype_access_operator(VARIADIC ARRAY[properties,"
                + " '\"a;b\"'::agtype]))");
    assertThat(on("other", "create index on Soc.Ünï(id)"))
        .isEqualTo("create index on \"other\".\"ünï\"(id)");
  }

  @Test
  void aConstraintIsSaidOfTheOtherSchema() {
    assertThat(on("o", "ALTER TABLE ONLY soc.p ADD CONSTRAINT p_id UNIQUE (id)"))
        .isEqualTo("ALTER TABLE ONLY \"o\".\"p\" ADD CONSTRAINT p_id UNIQUE (id)");
    assertThat(on("o", "ALTER TABLE soc.p ADD CONSTRAINT \"c d\" CHECK ((id > '1'::graphid))"))
        .isEqualTo("ALTER TABLE \"o\".\"p\" ADD CONSTRAINT \"c d\" CHECK ((id > '1'::graphid))");
  }

  @Test
  void anythingElseIsRefused() {
    for (String statement :
        new String[] {
          "",
          "DROP TABLE soc.p",
          "CREATE INDEX i ON p (id)",
          "CREATE INDEX i ON soc.p (id); DROP TABLE soc.p",
          "CREATE INDEX i ON soc.p (id) -- and more",
          "CREATE INDEX i ON soc.p (id) /* and more */",
          "CREATE INDEX i ON soc.p ((properties ->> 'x",
          "CREATE INDEX i ON soc.p ((properties ->> $$x$$))",
          "CREATE INDEX i ON soc.p ((properties ->> E'\\'; DROP TABLE p; --'))",
          "ALTER TABLE soc.p ADD COLUMN x int",
          "ALTER TABLE soc.p ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES soc.q (id)",
          "CREATE CONSTRAINT unique_k FOR (n:P) REQUIRE n.k IS UNIQUE",
          "CREATE LOOKUP INDEX lookup FOR (n) ON EACH labels(n)"
        }) {
      assertThat(on("o", statement)).as(statement).isEqualTo("refused");
    }
  }
}
