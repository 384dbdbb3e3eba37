//! Parameters and headers of a document: what each is called, where it stands, how it is written.

use openapiv3::{Parameter as TypedParameter, ParameterData, ParameterSchemaOrContent};
use serde::Deserialize;
use serde_json::Value;

use crate::contract::document::Parameter;
use crate::contract::exchange::coerce::Style;
use crate::contract::load::reader::{Reading, found};
use crate::contract::load::walk::{join, reference};
use crate::contract::violation::In;

impl Reading {
    /// An operation's own parameters override those of its path item. None if one of them could
    /// not be read.
    pub(in crate::contract) fn read_parameters(
        &mut self,
        shared: &[String],
        own: &[String],
    ) -> Option<Vec<Parameter>> {
        let parameters = self.read_parameter_list(shared);
        let own = self.read_parameter_list(own);
        let (mut parameters, own) = (parameters?, own?);
        parameters.retain(|shared| !own.iter().any(|other| other.is_same(shared)));
        parameters.extend(own);
        Some(parameters)
    }

    fn read_parameter_list(&mut self, pointers: &[String]) -> Option<Vec<Parameter>> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut all_read = true;
        for pointer in pointers {
            let root = self.schemas.shared_root();
            let (at, value) = found(&root, pointer);
            let typed = self.typed_parameter(&at, value);
            all_read &= typed.is_some();
            let Some(typed) = typed else {
                continue;
            };
            if is_reserved(&typed) {
                let message = "header parameters `Accept`, `Content-Type` and `Authorization` are \
                               ignored, as OpenAPI rules";
                self.note(&at, message);
                continue;
            }
            let Some(parameter) = self.read_parameter(&at, &typed) else {
                all_read = false;
                continue;
            };
            if parameters.iter().any(|other| other.is_same(&parameter)) {
                let message = format!("parameter `{}` is declared twice", parameter.name);
                self.fault(pointer, message);
            }
            parameters.push(parameter);
        }
        all_read.then_some(parameters)
    }

    fn typed_parameter(&mut self, pointer: &str, value: &Value) -> Option<TypedParameter> {
        // The walk has told of a reference that leads nowhere, and of a parameter without form.
        let is_formed = value.get("schema").is_some() || value.get("content").is_some();
        if reference(value).is_some() || !is_formed {
            return None;
        }
        // Where it stopped is asked for only if it stopped: telling doubles the cost.
        if let Ok(typed) = TypedParameter::deserialize(value) {
            return Some(typed);
        }
        match serde_path_to_error::deserialize(value) {
            Ok(typed) => Some(typed),
            Err(error) => {
                let message = format!("not an OpenAPI 3.0 parameter: {}", error.into_inner());
                self.form_fault(pointer, message);
                None
            }
        }
    }

    fn read_parameter(&mut self, pointer: &str, typed: &TypedParameter) -> Option<Parameter> {
        let (place, style) = match typed {
            TypedParameter::Query { style, .. } => (In::Query, Style::of_query(style)),
            TypedParameter::Header { .. } => (In::Header, Some(Style::Comma)),
            TypedParameter::Path { style, .. } => (In::Path, Style::of_path(style)),
            TypedParameter::Cookie { .. } => (In::Cookie, Some(Style::Comma)),
        };
        let data = typed.parameter_data_ref();
        let Some(style) = style else {
            self.fault(
                &join(pointer, "style"),
                "parameters of the styles `matrix` and `label` are not read by this engine",
            );
            return None;
        };
        if place == In::Path && !data.required {
            self.fault(pointer, "a path parameter must have `required: true`");
        }
        let style = match (style, data.explode) {
            (Style::Repeated, Some(false)) => Style::Comma,
            (Style::Space | Style::Pipe, Some(true)) => Style::Repeated,
            (style, _) => style,
        };
        let allows_empty = matches!(
            typed,
            TypedParameter::Query {
                allow_empty_value: Some(true),
                ..
            }
        );
        let parameter = self.parameter(pointer, data, place, style);
        Some(Parameter {
            allows_empty,
            ..parameter
        })
    }

    fn parameter(
        &mut self,
        pointer: &str,
        data: &ParameterData,
        place: In,
        style: Style,
    ) -> Parameter {
        let (schema_pointer, style) = match &data.format {
            ParameterSchemaOrContent::Schema(_) => (join(pointer, "schema"), style),
            ParameterSchemaOrContent::Content(content) => {
                let range = content.keys().next().cloned().unwrap_or_default();
                let media = join(&join(pointer, "content"), &range);
                (join(&media, "schema"), Style::Json)
            }
        };
        let (schema, coercion) = self.declare(&schema_pointer);
        let default = schema
            .as_ref()
            .and_then(|used| self.schemas.schema(used).get("default"));
        Parameter {
            name: data.name.clone(),
            place,
            required: data.required,
            default: default.cloned(),
            pointer: pointer.to_owned(),
            schema,
            coercion,
            style,
            allows_empty: false,
        }
    }

    pub(in crate::contract) fn match_path_names(
        &mut self,
        pointer: &str,
        template: &str,
        names: &[String],
        parameters: &[Parameter],
    ) {
        let declared: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter.place == In::Path)
            .map(|parameter| parameter.name.as_str())
            .collect();
        for name in names
            .iter()
            .filter(|name| !declared.contains(&name.as_str()))
        {
            self.fault(
                pointer,
                format!("`{{{name}}}` in {template} has no path parameter that declares it"),
            );
        }
        for name in declared {
            if !names.iter().any(|known| known == name) {
                self.fault(
                    pointer,
                    format!("path parameter `{name}` does not stand in {template}"),
                );
            }
        }
    }

    /// The documented headers of an answer.
    pub(in crate::contract) fn read_headers(
        &mut self,
        pointer: &str,
        answer: &Value,
    ) -> Vec<Parameter> {
        let list = join(pointer, "headers");
        let headers = answer.get("headers").and_then(Value::as_object);
        let mut read = Vec::new();
        for name in headers.into_iter().flat_map(|headers| headers.keys()) {
            // OpenAPI ignores a `Content-Type` header here: `content` says it.
            if name.eq_ignore_ascii_case("content-type") {
                continue;
            }
            let root = self.schemas.shared_root();
            let (at, value) = found(&root, &join(&list, name));
            let content = value.get("content").and_then(Value::as_object);
            let range = content.and_then(|content| content.keys().next());
            let (holder, style) = match range {
                Some(range) => (join(&join(&at, "content"), range), Style::Json),
                None => (at.clone(), Style::Comma),
            };
            let (schema, coercion) = self.declare(&join(&holder, "schema"));
            read.push(Parameter {
                name: name.clone(),
                place: In::Header,
                required: value.get("required") == Some(&Value::Bool(true)),
                default: None,
                pointer: at,
                schema,
                coercion,
                style,
                allows_empty: false,
            });
        }
        read
    }
}

/// These headers carry meaning of their own in HTTP; OpenAPI says to ignore them as parameters.
fn is_reserved(typed: &TypedParameter) -> bool {
    let name = typed.parameter_data_ref().name.to_lowercase();
    matches!(typed, TypedParameter::Header { .. })
        && ["accept", "content-type", "authorization"].contains(&name.as_str())
}
