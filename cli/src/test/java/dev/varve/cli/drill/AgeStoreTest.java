package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.cdc.age.AgeSettings;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How a graph of AGE is found again at the address that is announced. */
final class AgeStoreTest {

  private static final AgeStore PRIMARY =
      AgeStore.of(
          AgeSettings.of(
              "postgresql://old/my%20shop?sslmode=require",
              Optional.of("writer"), Optional.of("secret"), "orders"));

  @Test
  void sourceIsNamedAsTargetsAre() {
    assertThat(PRIMARY.address()).isEqualTo("age:postgresql://old:5432/my shop/orders");
    assertThat(PRIMARY.uri().jdbcUrl()).isEqualTo("jdbc:postgresql://old:5432/my+shop");
    assertThat(PRIMARY.uri().tls()).isEqualTo(Map.of("sslmode", "require"));
    assertThat(PRIMARY.uri().user()).contains("writer");
  }

  @Test
  void announcedTargetIsEnteredLikeTheOther() {
    AgeStore next = PRIMARY.at("age:postgresql://new:5433/shop/graph");
    assertThat(next.address()).isEqualTo("age:postgresql://new:5433/shop/graph");
    assertThat(next.uri().user()).contains("writer");
    assertThat(next.uri().tls()).isEqualTo(Map.of("sslmode", "require"));
    assertThat(next.password()).contains("secret");
    assertThat(PRIMARY.at("age:postgresql://me@new/shop/graph?sslmode=disable").uri())
        .satisfies(uri -> assertThat(uri.user()).contains("me"))
        .satisfies(uri -> assertThat(uri.tls()).isEqualTo(Map.of("sslmode", "disable")));
  }

  @Test
  void announcedSourceHasTheGraphOfTheOther() {
    assertThat(PRIMARY.at("postgresql://same:5432/shop").address())
        .isEqualTo("age:postgresql://same:5432/shop/orders");
  }

  @Test
  void anotherKindOfStoreIsRefused() {
    for (String address : new String[] {"bolt://new:7687", "postgresql://new", "dir:/tmp"}) {
      assertThatThrownBy(() -> PRIMARY.at(address))
          .as(address)
          .hasMessageContaining("the announced primary " + address + " is no graph in PostgreSQL")
          .isInstanceOfSatisfying(
              VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED));
    }
    Neo4jStore neo4j = Neo4jStore.open("bolt://old:7687");
    assertThat(neo4j.at("bolt://new:7687")).isEqualTo(Neo4jStore.open("bolt://new:7687"));
    assertThatThrownBy(() -> neo4j.at("age:postgresql://new/shop/graph"))
        .hasMessageContaining("is no running Neo4j");
  }

  @Test
  void whatNobodyListensToSaysSoWithAHint() {
    AgeStore nobody = PRIMARY.at("age:postgresql://127.0.0.1:1/shop/orders?sslmode=disable");
    assertThatThrownBy(() -> nobody.ask(Link::identity))
        .hasMessageStartingWith("cannot ask age:postgresql://127.0.0.1:1/shop/orders: ")
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.hint()).contains("has the graph"));
  }

  @Test
  void removalByHandQuotesTheGraph() {
    AgeStore odd = PRIMARY.at("age:postgresql://new/shop/o'clock");
    assertThat(odd.removal(Handwriting.OF_VARVE))
        .startsWith("SELECT ag_catalog.drop_label('o''clock', 'VARVE_DRILL_AFTER'); ")
        .contains("'VARVE_DRILL_SAME'", "'VarveDrillWritten'")
        .endsWith("'VarveDrillHalf')");
  }
}
