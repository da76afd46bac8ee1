package dev.varve.topology;

import dev.varve.change.Dot;
import dev.varve.graph.ElementId;

/** Two concurrent changes of one element, and which of them became its state. */
public record Conflict(ElementId id, Dot winner, Dot loser) {}
