"""Many clips on one machine or a cluster: restartable, through Ray Data."""
