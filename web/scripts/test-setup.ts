// Gives the unit tests an IndexedDB, which the test DOM lacks.
import "fake-indexeddb/auto";
