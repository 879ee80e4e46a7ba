//! The spread on its own.

use super::*;
