//! Tells the binaries and tests where libtorch lies, so that they run without LD_LIBRARY_PATH.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let Ok(libtorch) = std::env::var("LIBTORCH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
    }
    // `annulus` must not load libtorch. Exported, the inline functions of its headers would make the linker keep them and
    // what they call.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-link-arg-bin=annulus=-Wl,--exclude-libs,ALL");
    }
}
