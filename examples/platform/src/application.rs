//! Applications: what clients send for.

use serde::Serialize;

/// An application of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Application {
    /// What messages that name no application belong to.
    Default,
    /// Orders and deliveries.
    Shop,
    /// Codes, reminders and warnings, in one direction.
    Alerts,
    /// Conversations with customers.
    Care,
}

/// An application as the catalog has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationElement {
    application_id: &'static str,
    application_name: &'static str,
}

impl Application {
    /// All, in the order of the catalog.
    pub(crate) const ALL: [Application; 4] =
        [Application::Default, Application::Shop, Application::Alerts, Application::Care];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Application::Default => "default",
            Application::Shop => "shop",
            Application::Alerts => "alerts",
            Application::Care => "care",
        }
    }

    /// How much of the platform's business it is.
    pub(crate) fn weight(self) -> u64 {
        match self {
            Application::Default => 20,
            Application::Shop => 35,
            Application::Alerts => 30,
            Application::Care => 15,
        }
    }

    pub(crate) fn element(self) -> ApplicationElement {
        ApplicationElement {
            application_id: self.id(),
            application_name: match self {
                Application::Default => "Default",
                Application::Shop => "Orders and deliveries",
                Application::Alerts => "Codes, reminders and warnings",
                Application::Care => "Customer care",
            },
        }
    }
}
