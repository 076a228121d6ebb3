# Sorts the headers by what they need. Read by the build and by the script tests.
#
#   oldphoto_headers         the library; restore.hpp includes them all but the opt-in ones
#   oldphoto_header_parts    what headers include that are no headers
#   oldphoto_zip_headers     opt-in, need libzip; so do those of npz and pytorch
#   oldphoto_npz_headers
#   oldphoto_pytorch_headers
#   oldphoto_cuda_headers    opt-in, need thrust
#   oldphoto_opt_in_headers  everything outside restore.hpp

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH oldphoto_include_dir)
cmake_path(APPEND oldphoto_include_dir include)

set(oldphoto_glob_options "")
if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(oldphoto_glob_options CONFIGURE_DEPENDS)
endif()
file(
    GLOB_RECURSE oldphoto_headers
    RELATIVE "${oldphoto_include_dir}"
    ${oldphoto_glob_options}
    "${oldphoto_include_dir}/oldphoto/*.hpp"
    "${oldphoto_include_dir}/oldphoto/*.cuh"
)

# Parts of headers, which do not stand alone.
file(
    GLOB_RECURSE oldphoto_header_parts
    RELATIVE "${oldphoto_include_dir}"
    ${oldphoto_glob_options}
    "${oldphoto_include_dir}/oldphoto/*.inc"
)

# Moves the headers that match `pattern` from oldphoto_headers into `set`.
function(oldphoto_split_headers set pattern)
    set(split ${oldphoto_headers})
    list(FILTER split INCLUDE REGEX "${pattern}")
    list(FILTER oldphoto_headers EXCLUDE REGEX "${pattern}")
    set(${set} "${split}" PARENT_SCOPE)
    set(oldphoto_headers "${oldphoto_headers}" PARENT_SCOPE)
endfunction()

oldphoto_split_headers(oldphoto_zip_headers "^oldphoto/io/zip[.]hpp$")
oldphoto_split_headers(oldphoto_npz_headers "^oldphoto/io/npz[.]hpp$")
oldphoto_split_headers(
    oldphoto_pytorch_headers
    "^oldphoto/(io/(pickle|pytorch|torch_object|weights_file)|pipeline/model_folder)[.]hpp$"
)
oldphoto_split_headers(oldphoto_cuda_headers "^oldphoto/backend/cuda/")

set(
    oldphoto_opt_in_headers
    ${oldphoto_zip_headers}
    ${oldphoto_npz_headers}
    ${oldphoto_pytorch_headers}
    ${oldphoto_cuda_headers}
)
