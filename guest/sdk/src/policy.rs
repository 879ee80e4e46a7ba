//! A policy as its author writes it, and how it becomes the exports of a component.

use crate::call::Call;
use crate::exports::explain::Trace;
use crate::exports::policy::Wording;
use crate::reads::Reads;
use crate::types::Answer;

/// A policy: created once for an instance, then asked many times.
///
/// The same code runs inside the sandbox, where `R` is [`Imports`](crate::reads::Imports), and in a native test, where
/// `R` is [`Sample`](crate::testing::Sample). What it keeps in `self` lasts as long as the instance, which is anything
/// from one call to millions. Use it to make answers faster; it must never make them different.
pub trait Policy: Sized + 'static {
    /// The type of its settings: [`NoSettings`], or with the feature `json` any type that derives `Deserialize`.
    type Settings: Settings;

    /// Creates the policy from its settings. The host also calls this to check settings before the policy is used.
    ///
    /// # Errors
    /// Say what is wrong with the settings, and what would be right.
    fn new(settings: Self::Settings) -> Result<Self, String>;

    /// Answers a request.
    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer;

    /// Puts a refusal of the policy's own in words. It may be called in another instance than the one that refused.
    fn refusal_text(code: u32, detail: u64) -> Wording {
        let _ = detail;
        wording("UNKNOWN", format!("the policy has no refusal of its own numbered {code}"))
    }

    /// Answers a request as `resolve` does, and explains the answer.
    fn explain<R: Reads>(&mut self, call: &Call<'_, R>) -> Trace {
        call.trace(self.resolve(call))
    }
}

/// A refusal in words: a code for programs (upper case with underscores) and a sentence for people.
pub fn wording(code: &str, message: impl Into<String>) -> Wording {
    Wording { code: code.into(), message: message.into() }
}

/// The settings of a policy.
pub trait Settings: Sized {
    /// False if there are no settings: then the host is not asked for them.
    const ANY: bool = true;

    /// Parses settings from JSON, which is `{}` if a binding gives none.
    ///
    /// # Errors
    /// What is wrong with them, and what would be right.
    fn from_json(json: &str) -> Result<Self, String>;
}

/// The settings of a policy that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoSettings;

impl Settings for NoSettings {
    const ANY: bool = false;

    fn from_json(json: &str) -> Result<Self, String> {
        match json.trim() {
            "" | "{}" | "null" => Ok(Self),
            _ => Err("this policy has no settings: give {} or leave them out".into()),
        }
    }
}

#[cfg(feature = "json")]
impl<T: serde::de::DeserializeOwned> Settings for T {
    fn from_json(json: &str) -> Result<Self, String> {
        let json = match json.trim() {
            "" | "null" => "{}",
            json => json,
        };
        serde_json::from_str(json).map_err(|error| error.to_string())
    }
}

/// Exports a [`Policy`] as a component. Write it once, at the end of the crate.
///
/// It implements all exports of the contract, creates the policy at the first request, and reports panics to the host
/// with their message and place. For targets other than WebAssembly it only checks that the type is a policy.
#[macro_export]
macro_rules! policy {
    ($policy:ty) => {
        const _: () = {
            const fn is_a_policy<P: $crate::Policy>() {}
            is_a_policy::<$policy>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;

            ::std::thread_local! {
                static INSTANCE: ::core::cell::RefCell<::core::option::Option<$crate::instance::Instance<$policy>>> =
                    const { ::core::cell::RefCell::new(::core::option::Option::None) };
            }

            impl $crate::instance::Exported for Exported {
                type Policy = $policy;

                fn with<U>(look: impl ::core::ops::FnOnce(&mut $crate::instance::Instance<$policy>) -> U) -> U {
                    INSTANCE.with_borrow_mut(|instance| look($crate::instance::of(instance)))
                }
            }

    $crate::export!(Exported with_types_in $crate::in_place);
        };
    };
}
