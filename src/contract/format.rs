//! A document's component schemas alone: the form of something that is no message, such as a file.
//!
//! It knows no operations. What is held against it is trusted to be of any size.

use std::collections::HashMap;

use serde_json::Value;

use crate::contract::json::tape::Item;
use crate::contract::load::parse::parse;
use crate::contract::load::report::{Fault, located};
use crate::contract::load::walk::{join, walk};
use crate::contract::schema::dialect::Variant;
use crate::contract::schema::draft7::standalone;
use crate::contract::schema::judge::Findings;
use crate::contract::schema::schemas::{SchemaUse, Schemas};
use crate::contract::violation::{Subject, Violation};

/// Where a document keeps the schemas that have names.
const COMPONENTS: &str = "/components/schemas";

/// The component schemas of an OpenAPI 3.0 document.
pub struct Format {
    text: &'static str,
    schemas: Schemas,
    /// The components by name.
    components: HashMap<String, SchemaUse>,
}

/// What a value breaks in its schema; nothing if it is valid.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Broken {
    /// What is described of it; `spec` points into the format's document.
    pub violations: Vec<Violation>,
    /// How many more there are.
    pub rest: usize,
}

impl Format {
    /// Loads a document that tests have proved sound: its validators are compiled at first use.
    ///
    /// # Errors
    ///
    /// Everything in the document that could not be enforced exactly, all of it at once, but for
    /// schemas that do not compile.
    pub fn load_built_in(text: &'static str) -> Result<Self, Vec<Fault>> {
        let root = parse(text)?;
        let walked = walk(&root);
        if !walked.faults.is_empty() {
            return Err(located(text, walked.faults));
        }
        let named = root.pointer(COMPONENTS).and_then(Value::as_object);
        let names = named.into_iter().flat_map(|named| named.keys().cloned());
        let names: Vec<String> = names.collect();
        let mut schemas = Schemas::new(root, walked.schema_roots);
        let declare = |name: String| {
            let used = schemas.declare(&join(COMPONENTS, &name))?;
            Some((name, used))
        };
        let components = names.into_iter().filter_map(declare).collect();
        Ok(Self {
            text,
            schemas,
            components,
        })
    }

    /// Compiles every schema; a test calls this.
    ///
    /// # Errors
    ///
    /// Schemas that do not compile.
    pub fn compile_all(&self) -> Result<(), Vec<Fault>> {
        let faults = self.schemas.compile_all();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(located(self.text, faults)),
        }
    }

    /// Holds a value against the component of that name, as a request's body would be; at most
    /// `most` violations are described.
    ///
    /// # Panics
    ///
    /// The document has no such component.
    #[must_use]
    pub fn check(&self, schema: &str, item: Item<'_>, most: usize) -> Broken {
        let used = self.component(schema);
        let mut findings = Findings::trusted(most);
        findings.judge(&self.schemas, used, &Subject::document(), item);
        let (violations, rest) = findings.into_parts();
        Broken { violations, rest }
    }

    /// Whether a value keeps to the component of that name.
    ///
    /// # Panics
    ///
    /// The document has no such component.
    #[must_use]
    pub fn is_valid(&self, schema: &str, item: Item<'_>) -> bool {
        let used = self.component(schema);
        self.schemas.is_valid(used, Variant::Request, item)
    }

    /// The component of that name as a JSON Schema of draft 7 that stands alone, for editors.
    ///
    /// # Panics
    ///
    /// The document has no such component.
    #[must_use]
    pub fn json_schema(&self, schema: &str) -> Value {
        standalone(&self.schemas, self.component(schema))
    }

    fn component(&self, name: &str) -> &SchemaUse {
        let used = self.components.get(name);
        used.expect("a format is asked for the components of its own document")
    }
}
