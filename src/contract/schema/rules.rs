//! From a rule's pointer to the schema that holds it, and to what that schema says around it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::contract::load::walk::resolve;
use crate::contract::schema::dialect::properties;
use crate::contract::schema::schemas::Schemas;

/// Names of the fields that the schema around a rule declares.
pub(in crate::contract) fn known_fields(schemas: &Schemas, spec: &str) -> BTreeSet<String> {
    let schema = schemas.root().pointer(&schema_pointer(schemas, spec));
    properties(schemas.root(), schema.unwrap_or(&Value::Null))
}

/// The pointer of the schema that holds the rule at `spec`, or `spec` itself if that is a schema:
/// a property may be called like a rule.
pub(in crate::contract) fn schema_pointer(schemas: &Schemas, spec: &str) -> String {
    let value = schemas.root().pointer(spec);
    match spec.rsplit_once('/') {
        Some((parent, "not")) => parent.to_owned(),
        Some((parent, rule)) if is_rule(rule) && !value.is_some_and(Value::is_object) => {
            parent.to_owned()
        }
        Some(_) | None => spec.to_owned(),
    }
}

fn is_rule(name: &str) -> bool {
    const RULES: [&str; 20] = [
        "additionalProperties",
        "required",
        "type",
        "maxLength",
        "minLength",
        "pattern",
        "format",
        "enum",
        "maximum",
        "minimum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "multipleOf",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
        "oneOf",
        "anyOf",
    ];
    RULES.contains(&name)
}

/// The branch of a `oneOf` or `anyOf` that the value's discriminator names.
pub(in crate::contract) fn named_branch(
    schemas: &Schemas,
    spec: &str,
    value: &Value,
) -> Option<usize> {
    let root = schemas.root();
    let branches = root.pointer(spec)?.as_array()?;
    let (holder, _) = spec.rsplit_once('/')?;
    let discriminator = root.pointer(holder)?.get("discriminator")?;
    let property = discriminator.get("propertyName")?.as_str()?;
    let name = value.get(property)?.as_str()?;
    let mapped = discriminator.get("mapping").and_then(|all| all.get(name));
    // A mapping names a reference or, as the name alone does, a component.
    let named = mapped.and_then(Value::as_str).unwrap_or(name);
    let wanted = match named.starts_with('#') {
        true => resolve(root, named).ok()?,
        false => resolve(root, &format!("#/components/schemas/{named}")).ok()?,
    };
    branches.iter().position(|branch| {
        let target = branch.get("$ref").and_then(Value::as_str);
        target.is_some_and(|text| resolve(root, text).is_ok_and(|target| target == wanted))
    })
}
