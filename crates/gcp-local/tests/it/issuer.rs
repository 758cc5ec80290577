//! Not tested yet.
