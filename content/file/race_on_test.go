//go:build race

package file_test

// raceDetector makes interpreted WebAssembly so slow that PDF files run out of
// their time; make unit reads them once more without it.
const raceDetector = true
