package main

func drawCharts(dir string, res *results) error { return nil }
