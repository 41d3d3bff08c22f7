#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| convoke_fuzz::real_time_frame(bytes));
