//! How many functions a component lifts and lowers, with the components that it instantiates.
//!
//! The compiler writes an adapter for each of them, and anew for each instance of a component inside.

use wasmparser::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Encoding, Payload,
};

/// What instantiating a component costs that comes as an argument. Which one that is is not known here, and no usual tool
/// makes such components.
const UNKNOWN: u64 = u64::MAX;

/// Counts lifts and lowers. It visits the payloads of a component in their order.
#[derive(Debug, Default)]
pub(super) struct Adapters {
    /// The components and modules around this place, from the outermost in.
    open: Vec<Frame>,
}

#[derive(Debug)]
struct Frame {
    is_component: bool,
    /// The lifts and lowers of one instance.
    adapters: u64,
    /// Those of one instance of each component that this one can name, by index.
    components: Vec<u64>,
}

impl Adapters {
    /// Visits a payload. Returns how many lifts and lowers the innermost component has so far.
    pub(super) fn visit(&mut self, payload: &Payload<'_>) -> Result<u64, BinaryReaderError> {
        match payload {
            Payload::Version { encoding, .. } => {
                let is_component = *encoding == Encoding::Component;
                self.open.push(Frame { is_component, adapters: 0, components: Vec::new() });
            }
            Payload::End(_) => {
                let closed = self.open.pop();
                if let (Some(closed), Some(around)) =
                    (closed.filter(|closed| closed.is_component), self.open.last_mut())
                {
                    around.components.push(closed.adapters);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    if matches!(function?, CanonicalFunction::Lift { .. } | CanonicalFunction::Lower { .. }) {
                        self.add(1);
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                        self.add(self.component(0, component_index));
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    match alias? {
                        ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                            self.name(self.component(count, index));
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                            self.name(UNKNOWN);
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    if let ComponentTypeRef::Component(_) = import?.ty {
                        self.name(UNKNOWN);
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Component {
                        self.name(self.component(0, export.index));
                    }
                }
            }
            _ => {}
        }
        Ok(self.open.last().map_or(0, |frame| frame.adapters))
    }

    fn add(&mut self, adapters: u64) {
        if let Some(frame) = self.open.last_mut() {
            frame.adapters = frame.adapters.saturating_add(adapters);
        }
    }

    /// The innermost component can name one more component.
    fn name(&mut self, adapters: u64) {
        if let Some(frame) = self.open.last_mut() {
            frame.components.push(adapters);
        }
    }

    /// The lifts and lowers of one instance of a component, by its index so many components further out. An index that
    /// does not exist is reported by the compiler.
    fn component(&self, outer: u32, index: u32) -> u64 {
        let frame = self.open.iter().rev().nth(outer as usize);
        frame.and_then(|frame| frame.components.get(index as usize)).copied().unwrap_or(UNKNOWN)
    }
}
