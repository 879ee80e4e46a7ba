//! Small policies from WebAssembly text.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use callsign::{Policy, PolicyError};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

const POLICY: &str = "callsign:policy/policy@1.0.0";

/// A policy under construction. What is not replaced is sound, and the answer is the scope's sender 0, by step `pool`,
/// without a strategy and without a pin.
///
/// A body is the text of a function's instructions, with its locals in front. Every body may call `$alloc` (size in,
/// address out), `$decide`, `$refuse` and `$words` (see `MODULE`). The answer of `resolve` is at 1024, what the other
/// exports give at 2048; from 4096 to 65536 memory is free for anything.
#[derive(Debug, Clone)]
pub struct Component {
    name: String,
    version: String,
    memory: String,
    /// The bodies that are not as usual, by the name of their function.
    bodies: BTreeMap<&'static str, String>,
    imports: String,
    items: String,
    encoding: StringEncoding,
    contract: &'static str,
    world: &'static str,
}

impl Component {
    /// A policy with a name and a version.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            memory: r#"(memory (export "memory") 2)"#.into(),
            bodies: BTreeMap::new(),
            imports: String::new(),
            items: String::new(),
            encoding: StringEncoding::UTF8,
            contract: "1.0.0",
            world: "deciding-policy",
        }
    }

    /// Always decides this sender of the scope.
    pub fn deciding(self, sender: u32) -> Self {
        self.resolve(&format!("(call $decide (i32.const {sender}) (i32.const -1) (i32.const 4) (i32.const 0))"))
    }

    /// Answers with the 24 bytes that the id of the message spells.
    pub fn echoing(self) -> Self {
        self.import("messages", "text", "(param i32 i32 i32)").resolve(
            "(local $from i32) (local $at i32)
             (call $text (local.get $message) (i32.const 0) (i32.const 4096))
             (local.set $from (i32.load (i32.const 4100)))
             (loop $next
               (i32.store8 offset=1024 (local.get $at) (i32.or
                 (i32.shl (i32.sub (i32.load8_u (local.get $from)) (i32.const 97)) (i32.const 4))
                 (i32.sub (i32.load8_u offset=1 (local.get $from)) (i32.const 97))))
               (local.set $from (i32.add (local.get $from) (i32.const 2)))
               (br_if $next (i32.lt_u
                 (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 24))))
             (i32.const 1024)",
        )
    }

    /// Spells bytes for [`Component::echoing`], a letter from `a` to `p` for half a byte.
    pub fn spell(bytes: &[u8]) -> String {
        bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| (b'a' + half) as char).collect()
    }

    /// Replaces `resolve`, which has `$message`, `$scope`, `$revision`, `$recipient`, `$type`, `$marks`, `$country`, `$area`
    /// and `$channel` and gives the address of an answer.
    pub fn resolve(self, body: &str) -> Self {
        self.body("resolve", body)
    }

    /// The body of `resolve`.
    pub fn resolve_body(&self) -> String {
        self.bodies.get("resolve").cloned().unwrap_or_default()
    }

    /// Replaces `resolve-batch`, which has `$requests` and `$count` and gives the address of a list of answers.
    pub fn resolve_batch(self, body: &str) -> Self {
        self.body("resolve_batch", body)
    }

    /// Replaces `check-settings`, which has `$json` and `$length` and gives the address of a result.
    pub fn check_settings(self, body: &str) -> Self {
        self.body("check_settings", body)
    }

    /// Replaces `refusal-text`, which has `$code` and `$detail` and gives the address of two strings.
    pub fn refusal_text(self, body: &str) -> Self {
        self.body("refusal_text", body)
    }

    /// Replaces `cabi_realloc`, which has `$old`, `$old_size`, `$align` and `$size` and gives an address.
    pub fn realloc(self, body: &str) -> Self {
        self.body("realloc", body)
    }

    /// The same where a list is to be placed: the text of the settings is taken as usual.
    pub fn realloc_of_lists(self, body: &str) -> Self {
        let first = format!("(local $end i32) (if (i32.gt_u (local.get $align) (i32.const 1)) (then {body} return))");
        self.realloc(&ALLOCATE.replacen("(local $end i32)", &first, 1))
    }

    /// Replaces what is done after answers or words were read: the memory that was allocated is free again.
    pub fn post_return(self, body: &str) -> Self {
        // What says that settings are accepted is a 0 at 2048.
        let settings = "(i32.and (i32.eq (local.get $result) (i32.const 2048)) (i32.eqz (i32.load (i32.const 2048))))";
        self.body("post_return", &format!("(if (i32.eqz {settings}) (then {body}))"))
    }

    fn body(mut self, function: &'static str, body: &str) -> Self {
        self.bodies.insert(function, body.into());
        self
    }

    /// Adds a function that runs when an instance starts.
    pub fn start(self, body: &str) -> Self {
        self.item(&format!("(func $start {body}) (start $start)"))
    }

    /// Adds one or two functions that are within every budget and that take the compiler seconds each.
    pub fn slow_to_compile(self, functions: usize) -> Self {
        let function = format!("(func {})", "(call_indirect $slow (i32.const 0))".repeat(9_900));
        self.item("(table $slow 10 funcref)").item(&function.repeat(functions))
    }

    /// Replaces the memory.
    pub fn memory(mut self, memory: &str) -> Self {
        self.memory = memory.into();
        self
    }

    /// Adds anything else to the module.
    pub fn item(mut self, item: &str) -> Self {
        self.items.push_str(item);
        self
    }

    /// Imports a function of the contract, `interface` and `function`, as `$function`.
    pub fn import(mut self, interface: &str, function: &str, signature: &str) -> Self {
        self.imports.push_str(&format!(
            r#"(import "callsign:policy/{interface}@1.0.0" "{function}" (func ${function} {signature}))"#
        ));
        self
    }

    /// Explains too: a trace with so many notes on senders, all on sender 0, and the answer of `resolve`. It needs a
    /// memory of 64 KiB and 16 bytes a note.
    pub fn explaining(mut self, notes: usize) -> Self {
        self.world = "explaining-policy";
        self.item(&format!(
            r#"(func (export "callsign:policy/explain@1.0.0#explain")
              (param i32 i32 i64 i64 i64 i32 i32 i32 i32) (result i32)
              (i32.store (i32.const 4104) (i32.const 65536))
              (i32.store (i32.const 4108) (i32.const {notes}))
              (memory.copy (i32.const 4144)
                (call $resolve (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
                  (local.get 6) (local.get 7) (local.get 8))
                (i32.const 24))
              (i32.const 4096))"#
        ))
    }

    /// With strings in UTF-16.
    pub fn utf16(mut self) -> Self {
        self.encoding = StringEncoding::UTF16;
        self
    }

    /// For another version of the contract, which does not exist: it has all of 1.0.0, and an interface `later` with a
    /// function `answer: func() -> u32`.
    pub fn contract(mut self, version: &'static str) -> Self {
        self.contract = version;
        self
    }

    /// The core module in text.
    pub fn module(&self) -> String {
        let mut module = MODULE.to_owned();
        for (function, usual) in USUAL {
            let body = self.bodies.get(function).map_or(*usual, String::as_str);
            module = module.replace(&format!("{{{function}}}"), body);
        }
        let module = module.replace("{memory}", &self.memory).replace("{imports}", &self.imports);
        let module = module.replace("{items}", &self.items).replace("{policy}", POLICY);
        module.replace("@1.0.0", &format!("@{}", self.contract))
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        let mut wit = Resolve::default();
        let package = wit.push_str("contract.wit", &contract(self.contract)).expect("the contract is sound");
        let world = wit.select_world(&[package], Some(self.world)).expect("a world of the contract");
        self.build_for(&wit, world)
    }

    /// The component, of another world.
    pub fn build_for(&self, wit: &Resolve, world: WorldId) -> Vec<u8> {
        let text = self.module();
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
        embed_component_metadata(&mut module, wit, world, self.encoding).expect("metadata of the world");
        let mut encoder = ComponentEncoder::default();
        let component = encoder.validate(true).module(&module).and_then(|encoder| encoder.encode());
        labelled(&component.unwrap_or_else(|error| panic!("{error:?}\n{text}")), &self.name, &self.version)
    }

    /// The policy, with more time than a call needs on a machine with too much to do.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::new(crate::platform::patient(self.load().unwrap_or_else(|error| panic!("{error}"))))
    }

    /// The policy, or what is said against it.
    pub fn load(&self) -> Result<Policy, PolicyError> {
        Policy::from_bytes(&self.build())
    }
}

/// The text of a version of the contract, see [`Component::contract`].
fn contract(version: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/policy.wit");
    let contract = std::fs::read_to_string(file).expect("the contract is in the repository");
    if version == "1.0.0" {
        return contract;
    }
    let later = "interface later {\n    answer: func() -> u32;\n}\n\nworld deciding-policy {\n    import later;";
    contract.replace("@1.0.0", &format!("@{version}")).replace("world deciding-policy {", later)
}

/// A component with a name and a version.
pub fn labelled(component: &[u8], name: &str, version: &str) -> Vec<u8> {
    let mut metadata = wasm_metadata::AddMetadata::default();
    metadata.name = wasm_metadata::AddMetadataField::Set(name.into());
    let mut component = metadata.to_wasm(component).expect("a component takes metadata");
    let section = wasm_encoder::CustomSection { name: "version".into(), data: version.as_bytes().into() };
    component.push(wasm_encoder::ComponentSection::id(&section));
    wasm_encoder::Encode::encode(&section, &mut component);
    component
}

/// What bodies are where nothing else is said.
const USUAL: &[(&str, &str)] = &[
    ("resolve", "(call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))"),
    ("resolve_batch", BATCH),
    ("check_settings", "(i32.store8 (i32.const 2048) (i32.const 0)) (i32.const 2048)"),
    ("refusal_text", "(call $words (i32.const 96) (i32.const 6) (i32.const 112) (i32.const 12)) (i32.const 2048)"),
    ("realloc", ALLOCATE),
    ("post_return", "(global.set $heap (global.get $base))"),
];

/// Answers each request as `resolve` does.
const BATCH: &str = "(local $answers i32) (local $at i32) (local $request i32)
    (local.set $answers (call $alloc (i32.mul (local.get $count) (i32.const 24))))
    (block $done (loop $next
      (br_if $done (i32.eq (local.get $at) (local.get $count)))
      (local.set $request (i32.add (local.get $requests) (i32.mul (local.get $at) (i32.const 48))))
      (memory.copy
        (i32.add (local.get $answers) (i32.mul (local.get $at) (i32.const 24)))
        (call $resolve
          (i32.load (local.get $request))
          (i32.load offset=4 (local.get $request))
          (i64.load offset=8 (local.get $request))
          (i64.load offset=16 (local.get $request))
          (i64.load offset=24 (local.get $request))
          (i32.load offset=32 (local.get $request))
          (i32.load16_u offset=36 (local.get $request))
          (i32.load16_u offset=38 (local.get $request))
          (i32.load8_u offset=40 (local.get $request)))
        (i32.const 24))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
    (i32.store (i32.const 2048) (local.get $answers))
    (i32.store (i32.const 2052) (local.get $count))
    (i32.const 2048)";

/// Takes memory past the last that was taken, and traps where there is no more.
const ALLOCATE: &str = "(local $at i32) (local $end i32)
    (local.set $at (i32.and
      (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
      (i32.xor (i32.sub (local.get $align) (i32.const 1)) (i32.const -1))))
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (local.get $end) (i32.mul (memory.size) (i32.const 65536)))
      (then (if
        (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $size) (i32.const 16)))))
        (then unreachable))))
    (if (local.get $old_size) (then
      (memory.copy (local.get $at) (local.get $old) (local.get $old_size))))
    (global.set $heap (local.get $end))
    (local.get $at)";

/// The module, with the layouts of the canonical ABI.
///
/// An answer: whether it is a refusal at 0; of a decision the sender at 8, whether it has a strategy at 12, which at 16,
/// the step at 20, the pin at 21; of a refusal its reason at 8, the code at 12, the detail at 16.
const MODULE: &str = r#"(module
  {imports}
  {memory}
  (global $base i32 (i32.const 65536))
  (global $heap (mut i32) (i32.const 65536))
  (data (i32.const 96) "CLOSED")
  (data (i32.const 112) "closed today")

  (func $cabi_realloc (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    {realloc})
  (func $alloc (param $size i32) (result i32)
    (call $cabi_realloc (i32.const 0) (i32.const 0) (i32.const 8) (local.get $size)))

  ;; A decision: sender, strategy or -1, step, pin. The steps are sticky, area-code, overlay, region, pool,
  ;; default-sender.
  (func $decide (param $sender i32) (param $strategy i32) (param $step i32) (param $pin i32) (result i32)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1032) (local.get $sender))
    (i32.store8 (i32.const 1036) (i32.ne (local.get $strategy) (i32.const -1)))
    (i32.store (i32.const 1040) (local.get $strategy))
    (i32.store8 (i32.const 1044) (local.get $step))
    (i32.store8 (i32.const 1045) (local.get $pin))
    (i32.const 1024))

  ;; A refusal of the policy's own.
  (func $refuse (param $code i32) (result i32)
    (i32.store8 (i32.const 1024) (i32.const 1))
    (i32.store8 (i32.const 1032) (i32.const 0))
    (i32.store (i32.const 1036) (local.get $code))
    (i64.store (i32.const 1040) (i64.const 0))
    (i32.const 1024))

  ;; Two strings as a result.
  (func $words (param i32 i32 i32 i32)
    (i32.store (i32.const 2048) (local.get 0))
    (i32.store (i32.const 2052) (local.get 1))
    (i32.store (i32.const 2056) (local.get 2))
    (i32.store (i32.const 2060) (local.get 3)))

  (func $check_settings (export "{policy}#check-settings") (param $json i32) (param $length i32) (result i32)
    {check_settings})
  (func $resolve (export "{policy}#resolve")
    (param $message i32) (param $scope i32) (param $revision i64) (param $recipient i64) (param $type i64)
    (param $marks i32) (param $country i32) (param $area i32) (param $channel i32) (result i32)
    {resolve})
  (func $resolve_batch (export "{policy}#resolve-batch") (param $requests i32) (param $count i32) (result i32)
    {resolve_batch})
  (func $refusal_text (export "{policy}#refusal-text") (param $code i32) (param $detail i64) (result i32)
    {refusal_text})
  (func $post_return (param $result i32)
    {post_return})
  (export "cabi_post_{policy}#check-settings" (func $post_return))
  (export "cabi_post_{policy}#resolve" (func $post_return))
  (export "cabi_post_{policy}#resolve-batch" (func $post_return))
  (export "cabi_post_{policy}#refusal-text" (func $post_return))
  {items})
"#;
