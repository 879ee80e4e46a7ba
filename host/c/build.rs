//! What the linker must know of the shared library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Programs find it by the number of its ABI.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libcallsign.so.1");
        // Its threads run on after `dlclose`, so it stays.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
