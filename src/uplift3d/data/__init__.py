"""Motion capture in: readers of BVH and ASF/AMC, one joint set and one set of axes, and the motion store."""
