"""Search methods: each is a generator of genomes to be measured (`nas.problem.problem.Search`)."""
