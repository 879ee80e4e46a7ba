//! Links an extension module: without a library of Python, which the interpreter brings.

fn main() {
    // Only macOS needs to be told.
    pyo3_build_config::add_extension_module_link_args();
}
